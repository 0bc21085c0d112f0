-- Runs that are left open: their process no longer holds the scope.
select r.run_id, r.source_id, s.name as source, r.scope
from forebay.scrape_runs as r
join forebay.sources as s using (source_id)
where r.status = 'running'
    and not exists (
        select from forebay.scope_leases as l
        where l.source_id = r.source_id and l.scope = r.scope and forebay_private.is_held(l)
    )
order by r.run_id
