-- Deletes the jobs of hand-offs that no longer wait. A claimed job is kept: a follow-up that isn't pending when the
-- attempt ends is not taken up.
with
stopped as materialized (
    select d.* from unnest($1::uuid[], $2::int4[], $3::bytea[]) as d (reference_id, pipeline_id, payload_hash)
)
delete from forebay.ingestion_jobs as j
using stopped as s
where j.reference_id = s.reference_id
    and j.pipeline_id = s.pipeline_id
    and j.payload_hash = s.payload_hash
    and j.receipt is null
