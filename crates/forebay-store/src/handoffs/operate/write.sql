-- Moves hand-offs to the states given by the transition table. A reopened hand-off starts without the earlier
-- failures.
with
moved as materialized (
    select d.*
    from unnest($1::uuid[], $2::int4[], $3::bytea[], $4::text[], $5::text[], $6::bool[])
        as d (reference_id, pipeline_id, payload_hash, state, reason_code, raises_generation)
)
update forebay.ingestion_handoffs as h
set state = m.state,
    reason_code = coalesce(m.reason_code, h.reason_code),
    generation = h.generation + m.raises_generation::int,
    num_attempts = case when m.raises_generation then 0 else h.num_attempts end,
    failure_code = case when m.raises_generation then null else h.failure_code end,
    last_error = case when m.raises_generation then null else h.last_error end,
    enqueued_at = case when m.raises_generation then now() else h.enqueued_at end,
    finished_at = case when m.state = 'cancelled' then now() end
from moved as m
where h.reference_id = m.reference_id
    and h.pipeline_id = m.pipeline_id
    and h.payload_hash = m.payload_hash
