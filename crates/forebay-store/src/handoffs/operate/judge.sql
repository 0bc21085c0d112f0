-- What determines whether an operation applies, in the order of the input.
with
asked as materialized (
    select d.ord, d.reference_id, d.pipeline_id, d.payload_hash
    from unnest($1::uuid[], $2::int4[], $3::bytea[]) with ordinality as d (reference_id, pipeline_id, payload_hash, ord)
)
select a.ord::int4 - 1 as index, p.name as pipeline, h.state, h.reason_code, h.failure_code,
    exists (
        select from forebay.ingestion_handoffs as n
        where n.reference_id = a.reference_id
            and n.pipeline_id = a.pipeline_id
            and (n.version, n.enqueued_at, n.payload_hash) > (h.version, h.enqueued_at, h.payload_hash)) as has_newer,
    -- Without its reference, nothing can be ingested.
    exists (select from forebay."references" as r where r.reference_id = a.reference_id) as has_reference,
    -- A worker holds the job, so the hand-off is its follow-up.
    exists (
        select from forebay.ingestion_jobs as j
        where j.reference_id = a.reference_id and j.pipeline_id = a.pipeline_id and j.receipt is not null)
        as is_claimed
from asked as a
cross join lateral (
    select *
    from forebay.ingestion_handoffs as f
    where f.reference_id = a.reference_id and f.pipeline_id = a.pipeline_id and f.payload_hash = a.payload_hash
    offset 0
) as h
cross join lateral (select f.name from forebay.pipelines as f where f.pipeline_id = a.pipeline_id offset 0) as p
order by a.ord
