-- Supersedes other waiting content of the retried references.
with
retried as materialized (
    select d.* from unnest($1::uuid[], $2::int4[], $3::bytea[]) as d (reference_id, pipeline_id, payload_hash)
)
update forebay.ingestion_handoffs as h
set state = 'superseded', reason_code = 'newer_version', finished_at = now()
from retried as r
where h.reference_id = r.reference_id
    and h.pipeline_id = r.pipeline_id
    and h.payload_hash <> r.payload_hash
    and h.state in ('pending', 'retrying', 'held')
