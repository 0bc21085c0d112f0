-- Enabled sources whose last run failed, and whose first failure since a run that did not fail is long enough ago.
-- Each source costs its failed runs and one other.
select s.name as source, f.since, f.num_failures, l.run_id, l.reason_code
from forebay.sources as s
cross join lateral (
    select r.run_id, r.status, r.reason_code
    from forebay.scrape_runs as r
    where r.source_id = s.source_id and r.status not in ('running', 'aborted')
    order by r.started_at desc, r.run_id desc
    limit 1
) as l
left join lateral (
    select r.started_at
    from forebay.scrape_runs as r
    where r.source_id = s.source_id and r.status in ('complete', 'partial', 'held')
    order by r.started_at desc
    limit 1
) as g on true
cross join lateral (
    select min(r.started_at) as since, count(*) as num_failures
    from forebay.scrape_runs as r
    where r.source_id = s.source_id and r.status = 'failed' and r.started_at > coalesce(g.started_at, '-infinity')
) as f
where s.enabled and l.status = 'failed' and f.since <= now() - make_interval(secs => $1)
order by s.name
