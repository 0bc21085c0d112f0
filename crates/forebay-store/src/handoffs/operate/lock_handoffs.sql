-- Locks the chosen hand-offs and other waiting ones of the same references, which may be superseded.
select
from forebay.ingestion_handoffs as h
where h.reference_id = any ($1::uuid[])
    and h.pipeline_id = any ($2::int4[])
    and (h.payload_hash = any ($3::bytea[]) or h.state in ('pending', 'retrying', 'held'))
order by h.reference_id, h.pipeline_id, h.payload_hash
for update
