-- What became of attempts within the window ($1 seconds) by pipeline, counted up to $2 successes and $2 failures.
select p.name as pipeline, s.num as num_succeeded, f.num as num_failed
from forebay.pipelines as p
cross join lateral (
    select count(*) as num
    from (
        select
        from forebay.ingestion_outcomes as o
        where o.finished_at > now() - make_interval(secs => $1) and o.pipeline_id = p.pipeline_id and o.state = 'succeeded'
        limit $2
    ) as counted
) as s
cross join lateral (
    select count(*) as num
    from (
        select
        from forebay.ingestion_attempts as a
        where a.pipeline_id = p.pipeline_id and a.failed_at > now() - make_interval(secs => $1)
        limit $2
    ) as counted
) as f
order by p.name
