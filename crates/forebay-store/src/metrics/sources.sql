-- Each source with its last run that ended, and with its failed runs since one that did not fail.
select s.name as source, s.enabled, l.status, extract(epoch from l.ended_at)::float8 as ended_at_seconds,
    case when l.status = 'failed' then f.num_failed else 0 end as num_failed
from forebay.sources as s
left join lateral (
    select r.status, r.ended_at
    from forebay.scrape_runs as r
    where r.source_id = s.source_id and r.status not in ('running', 'aborted')
    order by r.started_at desc, r.run_id desc
    limit 1
) as l on true
left join lateral (
    select r.started_at
    from forebay.scrape_runs as r
    where l.status = 'failed' and r.source_id = s.source_id and r.status in ('complete', 'partial', 'held')
    order by r.started_at desc
    limit 1
) as g on true
cross join lateral (
    select count(*) as num_failed
    from forebay.scrape_runs as r
    where l.status = 'failed'
        and r.source_id = s.source_id
        and r.status = 'failed'
        and r.started_at > coalesce(g.started_at, '-infinity')
) as f
order by s.name
