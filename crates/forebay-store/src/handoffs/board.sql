-- The open and the failed hand-offs of each pipeline by state, counted up to $1 open, $1 held and $1 failed ones. A
-- pipeline without any has one row without a state. Held ones have an index of their own.
select p.name as pipeline, p.enabled, h.state, count(h.state) as num_handoffs, min(h.enqueued_at) as oldest_enqueued_at
from forebay.pipelines as p
left join lateral (
    (select case when o.receipt is null then o.state else 'active' end as state, o.enqueued_at
    from forebay.ingestion_handoffs as o
    where o.pipeline_id = p.pipeline_id and o.state <> 'held'
    limit $1)
    union all
    (select o.state, o.enqueued_at
    from forebay.ingestion_handoffs as o
    where o.pipeline_id = p.pipeline_id and o.state = 'held'
    limit $1)
    union all
    (select f.state, f.enqueued_at
    from forebay.ingestion_outcomes as f
    where f.pipeline_id = p.pipeline_id and f.state = 'failed'
    limit $1)
) as h on true
group by p.name, p.enabled, h.state
order by p.name, h.state
