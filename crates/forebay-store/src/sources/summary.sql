-- The totals of one source.
select count(*) filter (where r.removed_at is null) as num_active,
    count(*) filter (where r.removed_at is not null) as num_removed,
    (select max(s.ended_at) from forebay.scrape_runs as s where s.source_id = $1) as last_run_at
from forebay."references" as r
where r.source_id = $1
