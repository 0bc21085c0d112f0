-- Deletes outcomes whose hash other hand-offs of the same references are about to get.
with
renamed as materialized (
    select * from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as n (reference_id, old_hash, new_hash)
)
delete from forebay.ingestion_outcomes as o
using renamed as n
where o.reference_id = n.reference_id
    and o.payload_hash = n.new_hash
    and n.new_hash <> n.old_hash
    and exists (
        select from forebay.handoffs as h
        where h.reference_id = n.reference_id and h.pipeline_id = o.pipeline_id and h.payload_hash = n.old_hash)
