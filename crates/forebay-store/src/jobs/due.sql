-- The pipelines with due jobs, by a loose index scan: one lookup for each priority and source, regardless of the
-- length of the queue.
with recursive
parts as (
    (
        select j.pipeline_id, j.priority, j.source_id
        from forebay.ingestion_handoffs as j
        where j.state <> 'held'
        order by j.pipeline_id, j.priority, j.source_id
        limit 1
    )
    union all
    select n.pipeline_id, n.priority, n.source_id
    from parts as g
    cross join lateral (
        select j.pipeline_id, j.priority, j.source_id
        from forebay.ingestion_handoffs as j
        where j.state <> 'held' and (j.pipeline_id, j.priority, j.source_id) > (g.pipeline_id, g.priority, g.source_id)
        order by j.pipeline_id, j.priority, j.source_id
        limit 1
    ) as n
)
select distinct g.pipeline_id
from parts as g
where exists (
    select
    from forebay.ingestion_handoffs as j
    where j.pipeline_id = g.pipeline_id
        and j.priority = g.priority
        and j.source_id = g.source_id
        and j.not_before <= now()
        and j.receipt is null
        and j.state <> 'held')
