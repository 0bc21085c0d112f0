-- The failed hand-offs by pipeline and cause, of the last $1 of each pipeline, with the message of the last one.
-- They are counted in the index; only the messages are in the table.
with causes as (
    select p.pipeline_id, p.name, f.reason_code, f.failure_code, count(*) as num_handoffs,
        min(f.enqueued_at) as oldest_enqueued_at, max(f.finished_at) as last_finished_at
    from forebay.pipelines as p
    cross join lateral (
        select o.reason_code, o.failure_code, o.enqueued_at, o.finished_at
        from forebay.ingestion_outcomes as o
        where o.state = 'failed' and o.pipeline_id = p.pipeline_id
        order by o.finished_at desc
        limit $1
    ) as f
    group by p.pipeline_id, f.reason_code, f.failure_code
)
select c.name as pipeline, c.reason_code, c.failure_code, c.num_handoffs, c.oldest_enqueued_at, c.last_finished_at,
    m.message
from causes as c
left join lateral (
    select left(o.last_error, 300) as message
    from forebay.ingestion_outcomes as o
    where o.state = 'failed'
        and o.pipeline_id = c.pipeline_id
        and o.finished_at = c.last_finished_at
        and o.reason_code = c.reason_code
        and o.failure_code is not distinct from c.failure_code
    limit 1
) as m on true
order by c.num_handoffs desc, c.name, c.reason_code, c.failure_code
