-- The priorities and sources with due jobs in a pipeline. A loose index scan: one lookup for each, regardless of the
-- length of the queue.
with recursive
parts as (
    (
        select j.priority, j.source_id
        from forebay.ingestion_handoffs as j
        where j.pipeline_id = $1 and j.state <> 'held'
        order by j.priority, j.source_id
        limit 1
    )
    union all
    select n.priority, n.source_id
    from parts as g
    cross join lateral (
        select j.priority, j.source_id
        from forebay.ingestion_handoffs as j
        where j.pipeline_id = $1 and j.state <> 'held' and (j.priority, j.source_id) > (g.priority, g.source_id)
        order by j.priority, j.source_id
        limit 1
    ) as n
)
select g.priority, g.source_id
from parts as g
where exists (
    select
    from forebay.ingestion_handoffs as j
    where j.pipeline_id = $1
        and j.priority = g.priority
        and j.source_id = g.source_id
        and j.not_before <= now()
        and j.receipt is null
        and j.state <> 'held')
order by g.priority, g.source_id
