-- Locks the jobs of locked hand-offs, so they don't change until they are read.
select
from forebay.ingestion_jobs as j
where j.reference_id = any ($1::uuid[]) and j.pipeline_id = any ($2::int4[])
order by j.reference_id, j.pipeline_id
for update
