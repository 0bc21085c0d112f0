-- Takes jobs for work whose effect is in this database: they are held by row locks until the transaction ends, and
-- nothing is written, so a worker that dies leaves them as they were.
-- Nothing here waits. Persisting locks a hand-off before its job, this the other way round; whoever waited could wait
-- for ever.
with
picked as materialized (
    select j.reference_id, j.payload_hash, j.generation, j.change, j.attempt
    from forebay.ingestion_jobs as j
    where j.pipeline_id = $1 and j.not_before <= now() and j.receipt is null
    order by j.priority, j.not_before
    limit $2
    for update skip locked
)
select p.reference_id, p.payload_hash, p.generation, p.change, p.attempt + 1
from picked as p
-- The hand-offs will be closed, so they are locked as well.
left join lateral (
    select true as is_locked
    from forebay.ingestion_handoffs as f
    where f.reference_id = p.reference_id and f.pipeline_id = $1 and f.payload_hash = p.payload_hash
    offset 0
    for update skip locked
) as h on true
-- A job that has lost its hand-off (somebody cleared the history) is carried out all the same.
where h.is_locked
    or not exists (
        select from forebay.ingestion_handoffs as f
        where f.reference_id = p.reference_id and f.pipeline_id = $1 and f.payload_hash = p.payload_hash)
order by p.reference_id
