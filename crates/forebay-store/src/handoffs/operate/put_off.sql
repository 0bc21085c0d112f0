-- Postpones jobs.
with
snoozed as materialized (
    select d.* from unnest($1::uuid[], $2::int4[], $3::bytea[]) as d (reference_id, pipeline_id, payload_hash)
)
update forebay.ingestion_jobs as j
set not_before = $4::timestamptz
from snoozed as s
where j.reference_id = s.reference_id
    and j.pipeline_id = s.pipeline_id
    and j.payload_hash = s.payload_hash
    and j.receipt is null
