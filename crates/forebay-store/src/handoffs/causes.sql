-- The failed hand-offs by pipeline and cause, of the first $1 of them, with one of their messages.
select p.name as pipeline, f.reason_code, f.failure_code, count(*) as num_handoffs,
    min(f.enqueued_at) as oldest_enqueued_at, max(f.finished_at) as last_finished_at, min(left(f.last_error, 300)) as message
from (
    select o.pipeline_id, o.reason_code, o.failure_code, o.enqueued_at, o.finished_at, o.last_error
    from forebay.ingestion_outcomes as o
    where o.state = 'failed'
    order by o.pipeline_id, o.finished_at
    limit $1
) as f
join forebay.pipelines as p using (pipeline_id)
group by p.name, f.reason_code, f.failure_code
order by count(*) desc, p.name, f.reason_code, f.failure_code
