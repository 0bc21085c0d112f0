-- Counts the active references of a run's scope, and of the other scopes that have some of its staged records.
select count(*) as num_active
from forebay."references" as r
join forebay.scrape_runs as u using (source_id)
where u.run_id = $1 and r.removed_at is null
    and (r.scope = u.scope or r.scope in (
        select o.scope
        from forebay.scrape_run_changes as c
        join forebay."references" as o using (reference_id)
        where c.run_id = $1 and o.removed_at is null
    ))
