with
-- A statement that closes the run waits for this one, or this one for it.
fence as materialized (
    select r.run_id
    from forebay.scrape_runs as r
    where r.run_id = $1 and r.status = 'running'
    for share
)
insert into forebay.scrape_run_changes (run_id, reference_id, change)
select f.run_id, c.reference_id, 'removed'
from fence as f
cross join unnest($2::uuid[]) as c (reference_id)
