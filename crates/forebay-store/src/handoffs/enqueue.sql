with
changed as materialized (
    select c.reference_id, c.payload_hash, c.version, c.change, p.pipeline_id
    from unnest($1::uuid[], $2::bytea[], $3::int4[], $4::text[]) as c (reference_id, payload_hash, version, change)
    cross join unnest($5::int4[]) as p (pipeline_id)
),
-- What still waits with older content will never be ingested: the newer content takes its place.
superseded as (
    update forebay.ingestion_handoffs as h
    set state = 'superseded', reason_code = 'newer_version', finished_at = now()
    from changed as c
    where h.reference_id = c.reference_id
        and h.pipeline_id = c.pipeline_id
        and h.payload_hash <> c.payload_hash
        and h.state in ('pending', 'retrying', 'held')
),
-- Content that was handed off before opens its row again; a worker that still holds the old generation cannot close it.
queued as (
    insert into forebay.ingestion_handoffs as h
        (reference_id, pipeline_id, payload_hash, version, state, change, reason_code, run_id)
    select c.reference_id, c.pipeline_id, c.payload_hash, c.version, 'pending', c.change, c.change, $6
    from changed as c
    on conflict (reference_id, pipeline_id, payload_hash) do update
    set state = 'pending',
        reason_code = case when excluded.change = 'updated' then 'reopened' else excluded.change end,
        change = excluded.change,
        version = excluded.version,
        generation = h.generation + 1,
        run_id = excluded.run_id,
        num_attempts = 0,
        last_error = null,
        enqueued_at = now(),
        finished_at = null
    returning h.reference_id, h.pipeline_id, h.payload_hash, h.generation, h.change
)
-- One job a reference: an unclaimed one is turned to the new content, a claimed one gets it as its follow-up.
insert into forebay.ingestion_jobs as j (pipeline_id, reference_id, payload_hash, generation, change)
select q.pipeline_id, q.reference_id, q.payload_hash, q.generation, q.change
from queued as q
on conflict (pipeline_id, reference_id) do update
set payload_hash = case when j.receipt is null then excluded.payload_hash else j.payload_hash end,
    generation = case when j.receipt is null then excluded.generation else j.generation end,
    change = case when j.receipt is null then excluded.change else j.change end,
    attempt = case when j.receipt is null then 0 else j.attempt end,
    not_before = case when j.receipt is null then now() else j.not_before end,
    next_payload_hash = case when j.receipt is null then null else excluded.payload_hash end,
    next_generation = case when j.receipt is null then null else excluded.generation end,
    next_change = case when j.receipt is null then null else excluded.change end
