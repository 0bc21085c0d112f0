-- What determines whether and how an operation applies, in the order of the input.
with
asked as materialized (
    select d.ord, d.reference_id, d.pipeline_id, d.payload_hash
    from unnest($1::uuid[], $2::int4[], $3::bytea[]) with ordinality as d (reference_id, pipeline_id, payload_hash, ord)
)
select a.ord::int4 - 1 as index, p.name as pipeline, h.state, h.reason_code, h.failure_code, h.version, h.change,
    r.source_id,
    exists (
        select from forebay.handoffs as n
        where n.reference_id = a.reference_id
            and n.pipeline_id = a.pipeline_id
            and (n.version, n.enqueued_at, n.payload_hash) > (h.version, h.enqueued_at, h.payload_hash)) as has_newer,
    h.finished_at is null as is_open,
    -- A worker holds other content, and this waits for it to end.
    coalesce(o.next_payload_hash = a.payload_hash, false) as is_follow_up
from asked as a
cross join lateral (
    select *
    from forebay.handoffs as f
    where f.reference_id = a.reference_id and f.pipeline_id = a.pipeline_id and f.payload_hash = a.payload_hash
    offset 0
) as h
cross join lateral (select f.name from forebay.pipelines as f where f.pipeline_id = a.pipeline_id offset 0) as p
left join lateral (
    select f.next_payload_hash
    from forebay.ingestion_handoffs as f
    where f.reference_id = a.reference_id and f.pipeline_id = a.pipeline_id
    offset 0
) as o on true
-- Without its reference, nothing can be ingested.
left join lateral (
    select f.source_id from forebay."references" as f where f.reference_id = a.reference_id offset 0
) as r on true
order by a.ord
