-- The state of each pipeline's queue.
with
-- What no worker has claimed, and how much of it is due; of each pipeline, $3 are looked at.
free as (
    select p.pipeline_id, count(*) as num_free, count(*) filter (where j.not_before <= now()) as num_due,
        extract(epoch from now() - min(j.not_before) filter (where j.not_before <= now()))::float8 as oldest_due_seconds
    from forebay.pipelines as p
    cross join lateral (
        select w.not_before
        from forebay.ingestion_handoffs as w
        where w.pipeline_id = p.pipeline_id and w.receipt is null and w.state <> 'held'
        limit $3
    ) as j
    group by p.pipeline_id
),
-- Claims whose lease has expired and whose jobs no worker has freed.
ended as (
    select c.pipeline_id, sum(c.num_open) as num_ended,
        extract(epoch from now() - min(c.lease_until))::float8 as ended_seconds
    from forebay.ingestion_claims as c
    where c.lease_until < now()
    group by c.pipeline_id
)
select p.name as pipeline, p.enabled, p.handler, coalesce(f.num_free, 0) as num_free, coalesce(f.num_due, 0) as num_due,
    f.oldest_due_seconds, coalesce(e.num_ended, 0)::bigint as num_ended, e.ended_seconds,
    -- Nobody works for a disabled pipeline, and another check names it.
    p.disabled_at is not null
    or coalesce(f.num_due, 0) > 0 and (
        exists (
            select from forebay.ingestion_claims as c
            where c.pipeline_id = p.pipeline_id and c.lease_until >= now())
        or exists (
            select from forebay.workers as w
            where p.name = any (w.pipelines)
                and w.last_seen_at > now()
                    - make_interval(secs => case when w.version is null then $2::float8 else $1::float8 end))
        -- Workers outside Forebay need no name. Neither table has an index by time.
        or p.handler = 'external' and (
            exists (
                select from forebay.ingestion_attempts as a
                where a.pipeline_id = p.pipeline_id and a.failed_at > now() - make_interval(secs => $2))
            or exists (
                select from forebay.ingestion_outcomes as h
                where h.pipeline_id = p.pipeline_id
                    and h.state = 'succeeded'
                    and h.finished_at > now() - make_interval(secs => $2)))) as is_worked
from forebay.pipelines as p
left join free as f using (pipeline_id)
left join ended as e using (pipeline_id)
order by p.name
