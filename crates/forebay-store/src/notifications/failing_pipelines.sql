-- Enabled pipelines too large a share ($2) of whose attempts failed within the window ($1). Successes are counted only
-- up to the number that makes the share acceptable, so a busy pipeline costs little. And those whose endpoint was
-- disabled because everything failed: no attempts are made, which is no recovery.
with
failed as materialized (
    select p.pipeline_id, p.name, p.source_name, a.since, a.num_failed, a.reason_code,
        ceil(a.num_failed * (1 - $2) / $2)::bigint as num_enough
    from forebay.pipelines as p
    cross join lateral (
        select count(*) as num_failed, min(f.failed_at) as since,
            mode() within group (order by f.reason_code) as reason_code
        from forebay.ingestion_attempts as f
        where f.pipeline_id = p.pipeline_id
            and f.failed_at > now() - make_interval(secs => $1)
            and f.failure_class <> 'throttled'
    ) as a
    where p.enabled and p.disabled_at is null and a.num_failed >= greatest($3, 1)
)
select f.name as pipeline, f.source_name as source, f.since, f.num_failed, s.num_succeeded, f.reason_code,
    false as is_disabled
from failed as f
cross join lateral (
    select count(*) as num_succeeded
    from (
        select
        from forebay.ingestion_outcomes as o
        where o.finished_at > now() - make_interval(secs => $1)
            and o.pipeline_id = f.pipeline_id
            and o.state = 'succeeded'
        limit f.num_enough
    ) as counted
) as s
where s.num_succeeded < f.num_enough
union all
select p.name, p.source_name, coalesce(p.failing_since, p.disabled_at), p.num_failures, 0, p.disabled_reason, true
from forebay.pipelines as p
where p.enabled and p.disabled_reason = 'endpoint_failing'
order by pipeline
