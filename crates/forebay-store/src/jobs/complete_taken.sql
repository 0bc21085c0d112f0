-- Ends attempts of jobs that this transaction holds by row lock. No other transaction can have changed them, so only
-- the generation of the hand-off is checked. There is no follow-up: those exist only while a job is held under a
-- receipt.
with
ended as materialized (
    select c.*, $1::int4 as pipeline_id
    from unnest($2::uuid[], $3::bytea[], $4::int4[]) as c (reference_id, payload_hash, generation)
),
succeeded as (
    update forebay.ingestion_handoffs as h
    set state = 'succeeded', finished_at = now()
    from ended as e
    where h.reference_id = e.reference_id
        and h.pipeline_id = e.pipeline_id
        and h.payload_hash = e.payload_hash
        and h.generation = e.generation
        and h.state in ('pending', 'retrying')
)
delete from forebay.ingestion_jobs as j
using ended as e
where j.reference_id = e.reference_id and j.pipeline_id = e.pipeline_id and j.receipt is null
