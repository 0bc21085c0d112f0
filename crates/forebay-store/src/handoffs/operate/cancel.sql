-- Cancels open hand-offs. A follow-up stays with the claim, and is settled as cancelled when the claim ends.
with
cancelled as materialized (
    select d.* from unnest($1::uuid[], $2::int4[], $3::bytea[]) as d (reference_id, pipeline_id, payload_hash)
),
followed as (
    update forebay.ingestion_handoffs as h
    set next_state = 'cancelled', next_reason_code = 'cancelled'
    from cancelled as c
    where h.reference_id = c.reference_id and h.pipeline_id = c.pipeline_id and h.next_payload_hash = c.payload_hash
),
gone as (
    delete from forebay.ingestion_handoffs as h
    using cancelled as c
    where h.reference_id = c.reference_id
        and h.pipeline_id = c.pipeline_id
        and h.payload_hash = c.payload_hash
        and h.receipt is null
    returning h.*
)
insert into forebay.ingestion_outcomes
    (reference_id, pipeline_id, payload_hash, state, reason_code, failure_code, last_error, num_attempts, version, generation,
     change, run_id, enqueued_at)
select g.reference_id, g.pipeline_id, g.payload_hash, 'cancelled', 'cancelled', g.failure_code, g.last_error, g.num_attempts,
    g.version, g.generation, g.change, g.run_id, g.enqueued_at
from gone as g
