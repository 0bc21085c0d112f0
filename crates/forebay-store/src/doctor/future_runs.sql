-- For each source, the run with the latest time.
select distinct on (s.name) s.name as source, r.run_id, r.observed_at, count(*) over (partition by s.name) as num_runs
from forebay.scrape_runs as r
join forebay.sources as s using (source_id)
where r.observed_at > now() + interval '24 hours'
    and r.status in ('complete', 'partial')
    and r.reverted_by is null
order by s.name, r.observed_at desc, r.run_id desc
