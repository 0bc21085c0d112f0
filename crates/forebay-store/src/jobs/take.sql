-- Takes jobs for work whose effect is in this database. Row locks hold them until the transaction ends, and nothing
-- is written, so a worker that dies leaves them unchanged. Each part of the queue gives the same share and is read
-- from its cursor: the entries before it are finished, and remain in the index while an old snapshot prevents vacuum
-- from removing them. Nothing here waits: persisting locks a hand-off before its job and this statement the job
-- first, so waiting could deadlock.
with
picked as materialized (
    select g.ord, j.*
    from unnest($2::int2[], $3::int4[], $4::timestamptz[], $5::uuid[])
        with ordinality as g (priority, source_id, after_time, after_id, ord)
    cross join lateral (
        select f.reference_id, f.not_before, f.payload_hash, f.generation, f.change, f.attempt
        from forebay.ingestion_jobs as f
        where f.pipeline_id = $1
            and f.priority = g.priority
            and f.source_id = g.source_id
            and (f.not_before, f.reference_id) > (g.after_time, g.after_id)
            and f.not_before <= now()
            and f.receipt is null
        order by f.not_before, f.reference_id
        limit $6
        for update skip locked
    ) as j
)
select p.ord::int4 - 1 as part, p.not_before, p.reference_id, p.payload_hash, p.generation, p.change,
    p.attempt + 1 as attempt,
    h.is_locked is not null
        -- A job without a hand-off (its history was deleted manually) is still processed.
        or not exists (
            select from forebay.ingestion_handoffs as f
            where f.reference_id = p.reference_id and f.pipeline_id = $1 and f.payload_hash = p.payload_hash)
        as is_free
from picked as p
-- The hand-offs will be ended, so they are locked as well.
left join lateral (
    select true as is_locked
    from forebay.ingestion_handoffs as f
    where f.reference_id = p.reference_id
        and f.pipeline_id = $1
        and f.payload_hash = p.payload_hash
        and f.generation = p.generation
        and f.state in ('pending', 'retrying')
    offset 0
    for update skip locked
) as h on true
