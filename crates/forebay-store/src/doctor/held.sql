-- The runs that wait for a decision, oldest first, with the number of changes that each withholds.
select r.run_id, s.name as source, r.scope, r.reason_code, r.num_withheld,
    extract(epoch from now() - r.ended_at)::float8 as held_seconds
from forebay.scrape_runs as r
join forebay.sources as s using (source_id)
where r.status = 'held'
order by r.run_id
