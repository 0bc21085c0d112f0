with
renamed as materialized (
    select * from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::text[])
        as n (reference_id, old_hash, new_hash, payload)
),
-- What was delivered counts as delivered, and what waits is delivered with the new name.
handoffs as (
    update forebay.ingestion_handoffs as h
    set payload_hash = case when h.payload_hash = n.old_hash then n.new_hash else h.payload_hash end,
        next_payload_hash = case when h.next_payload_hash = n.old_hash then n.new_hash else h.next_payload_hash end
    from renamed as n
    where h.reference_id = n.reference_id and n.old_hash in (h.payload_hash, h.next_payload_hash)
),
outcomes as (
    update forebay.ingestion_outcomes as o
    set payload_hash = n.new_hash
    from renamed as n
    where o.reference_id = n.reference_id and o.payload_hash = n.old_hash
),
attempts as (
    update forebay.ingestion_attempts as a
    set payload_hash = n.new_hash
    from renamed as n
    where a.reference_id = n.reference_id and a.payload_hash = n.old_hash
),
documents as (
    update forebay.documents as d
    set payload_hash = n.new_hash
    from renamed as n
    where d.reference_id = n.reference_id and d.payload_hash = n.old_hash
)
update forebay."references" as r
set payload = n.payload::jsonb, version_hash = n.new_hash
from renamed as n
where r.reference_id = n.reference_id
