with
changed as materialized (
    select c.reference_id, c.payload_hash, c.version, c.change,
        -- An explicit reason overrides the word of the change.
        coalesce($8::text, c.change) as reason_code, p.pipeline_id
    from unnest($1::uuid[], $2::bytea[], $3::int4[], $4::text[]) as c (reference_id, payload_hash, version, change)
    cross join unnest($5::int4[]) as p (pipeline_id)
),
-- Locks the other content of the references that may be superseded. Active hand-offs are locked too, because an
-- attempt may end before this statement reaches the job; only the lock shows what changed since the statement began.
rivals as materialized (
    select h.*
    from changed as c
    cross join lateral (
        select f.reference_id, f.pipeline_id, f.payload_hash, f.state
        from forebay.ingestion_handoffs as f
        where f.reference_id = c.reference_id
            and f.pipeline_id = c.pipeline_id
            and f.payload_hash <> c.payload_hash
            and f.state in ('pending', 'retrying', 'held', 'active')
        offset 0
        for update
    ) as h
),
-- Older content that waits is superseded by the newer content.
superseded as (
    update forebay.ingestion_handoffs as h
    set state = 'superseded', reason_code = 'newer_version', finished_at = now()
    from rivals as r
    where h.reference_id = r.reference_id
        and h.pipeline_id = r.pipeline_id
        and h.payload_hash = r.payload_hash
        and r.state <> 'active'
),
-- Content that was handed off before reopens its row. A worker that holds the old generation can't close it.
queued as (
    insert into forebay.ingestion_handoffs as h
        (reference_id, pipeline_id, payload_hash, version, state, change, reason_code, run_id)
    select c.reference_id, c.pipeline_id, c.payload_hash, c.version, 'pending', c.change, c.reason_code, $6
    from changed as c
    on conflict (reference_id, pipeline_id, payload_hash) do update
    set state = 'pending',
        reason_code = case when excluded.reason_code = 'updated' then 'reopened' else excluded.reason_code end,
        change = excluded.change,
        version = excluded.version,
        generation = h.generation + 1,
        run_id = excluded.run_id,
        num_attempts = 0,
        failure_code = null,
        last_error = null,
        enqueued_at = now(),
        finished_at = null
    returning h.reference_id, h.pipeline_id, h.payload_hash, h.generation, h.change
)
-- One job for each reference: an unclaimed job gets the new content, a claimed one gets it as its follow-up.
insert into forebay.ingestion_jobs as j (pipeline_id, reference_id, source_id, payload_hash, generation, change, priority)
select q.pipeline_id, q.reference_id, $7::int4, q.payload_hash, q.generation, q.change, $9::int2
from queued as q
on conflict (reference_id, pipeline_id) do update
set payload_hash = case when j.receipt is null then excluded.payload_hash else j.payload_hash end,
    generation = case when j.receipt is null then excluded.generation else j.generation end,
    change = case when j.receipt is null then excluded.change else j.change end,
    attempt = case when j.receipt is null then 0 else j.attempt end,
    not_before = case when j.receipt is null then now() else j.not_before end,
    priority = least(j.priority, excluded.priority),
    next_payload_hash = case when j.receipt is null then null else excluded.payload_hash end,
    next_generation = case when j.receipt is null then null else excluded.generation end,
    next_change = case when j.receipt is null then null else excluded.change end
