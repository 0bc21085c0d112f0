-- Moves open hand-offs to other waiting states: the open content itself, or its follow-up.
with
moved as materialized (
    select d.*
    from unnest($1::uuid[], $2::int4[], $3::bytea[], $4::text[], $5::text[])
        as d (reference_id, pipeline_id, payload_hash, state, reason_code)
),
followed as (
    update forebay.ingestion_handoffs as h
    set next_state = m.state, next_reason_code = m.reason_code
    from moved as m
    where h.reference_id = m.reference_id and h.pipeline_id = m.pipeline_id and h.next_payload_hash = m.payload_hash
)
update forebay.ingestion_handoffs as h
set state = m.state,
    reason_code = m.reason_code,
    -- Until when it is postponed; null: it is due now, unless it is held.
    not_before = coalesce($6::timestamptz, now()),
    priority = least(h.priority, $7::int2)
from moved as m
where h.reference_id = m.reference_id
    and h.pipeline_id = m.pipeline_id
    and h.payload_hash = m.payload_hash
    and h.receipt is null
