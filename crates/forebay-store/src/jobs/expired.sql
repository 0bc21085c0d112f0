-- Claims whose lease has ended. They are few and small, since only claimed jobs have a lease.
select j.reference_id, j.receipt
from forebay.ingestion_jobs as j
where j.pipeline_id = $1 and j.lease_until < now()
order by j.priority, j.not_before
limit $2
for update skip locked
