-- Settles hand-offs that this transaction holds by row lock. No other transaction can have changed them, and there is
-- no follow-up: only a claim has one.
with
ended as (
    delete from forebay.ingestion_handoffs as h
    using (select $1::int4 as pipeline_id, d.reference_id from unnest($2::uuid[]) as d (reference_id)) as e
    where h.reference_id = e.reference_id and h.pipeline_id = e.pipeline_id and h.receipt is null
    returning h.*
)
insert into forebay.ingestion_outcomes
    (reference_id, pipeline_id, payload_hash, state, reason_code, failure_code, last_error, num_attempts, version, generation,
     change, run_id, enqueued_at)
select e.reference_id, e.pipeline_id, e.payload_hash, 'succeeded', e.reason_code, e.failure_code, e.last_error,
    e.num_attempts, e.version, e.generation, e.change, e.run_id, greatest(e.enqueued_at, $3)
from ended as e
