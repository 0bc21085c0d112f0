with
-- A statement that closes the run waits for this one, or this one for it.
fence as materialized (
    select r.run_id, r.source_id, r.scope, r.observed_at
    from forebay.scrape_runs as r
    where r.run_id = $1 and r.status = 'running'
    for share
),
-- What the last complete run of the scope missed too, and guards withheld.
earlier as (
    select c.reference_id, c.missing_since, c.num_missing_runs
    from fence as f
    join forebay.scrape_runs as h on h.source_id = f.source_id and h.scope = f.scope and h.status = 'held'
    join forebay.scrape_run_changes as c on c.run_id = h.run_id and c.change = 'removed'
)
insert into forebay.scrape_run_changes (run_id, reference_id, change, missing_since, num_missing_runs)
select f.run_id, m.reference_id, 'removed', coalesce(e.missing_since, f.observed_at),
    coalesce(e.num_missing_runs, 0) + 1
from fence as f
cross join unnest($2::uuid[]) as m (reference_id)
left join earlier as e using (reference_id)
