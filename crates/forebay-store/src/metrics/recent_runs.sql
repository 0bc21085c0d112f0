-- The runs that began within the last $1 seconds, by status.
select r.status, count(*) as num_runs
from forebay.sources as s
join forebay.scrape_runs as r using (source_id)
where r.started_at > now() - make_interval(secs => $1)
group by r.status
order by r.status
