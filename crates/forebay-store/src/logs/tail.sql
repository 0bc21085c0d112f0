-- The position before the last lines of a run that match a filter; null: there are none. See read.sql.
select min(t.log_id) - 1 as before
from (
    select l.log_id
    from forebay.scrape_logs as l
    where l.run_id = $1
        and l.log_id > coalesce($2, 0)
        and l.level = any ($3)
        and ($4::text is null or strpos(lower(l.message || ' ' || l.metadata::text), lower($4)) > 0)
        and ($5::text is null or l.message || ' ' || l.metadata::text ~* $5)
    order by l.log_id desc
    limit $6
) as t
