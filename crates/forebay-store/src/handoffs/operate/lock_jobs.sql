-- Locks the jobs of hand-offs that are locked, so that what is read of them next stays true.
select
from forebay.ingestion_jobs as j
where j.reference_id = any ($1::uuid[]) and j.pipeline_id = any ($2::int4[])
order by j.reference_id, j.pipeline_id
for update
