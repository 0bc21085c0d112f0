-- The lines of a run that match a filter.
select l.log_id, l.logged_at, l.level, l.message, l.metadata
from forebay.scrape_logs as l
where l.run_id = $1
    and l.log_id > coalesce($2, 0)
    and l.level = any ($3)
    and ($4::text is null or strpos(lower(l.message || ' ' || l.metadata::text), lower($4)) > 0)
    and ($5::text is null or l.message || ' ' || l.metadata::text ~* $5)
