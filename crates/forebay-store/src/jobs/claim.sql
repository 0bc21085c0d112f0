-- Claims jobs for work outside of this database: under a receipt, and until the lease ends. Like taking, it never
-- waits for a lock.
with
picked as materialized (
    select j.reference_id, j.payload_hash
    from forebay.ingestion_jobs as j
    where j.pipeline_id = $1 and j.not_before <= now() and j.receipt is null
    order by j.priority, j.not_before
    limit $2
    for update skip locked
),
promised as materialized (
    select p.reference_id, p.payload_hash
    from picked as p
    cross join lateral (
        select
        from forebay.ingestion_handoffs as f
        where f.reference_id = p.reference_id and f.pipeline_id = $1 and f.payload_hash = p.payload_hash
        offset 0
        for update skip locked
    ) as h
),
started as (
    update forebay.ingestion_handoffs as h
    set state = 'active'
    from promised as p
    where h.reference_id = p.reference_id and h.pipeline_id = $1 and h.payload_hash = p.payload_hash
)
update forebay.ingestion_jobs as j
set receipt = gen_random_uuid(),
    lease_until = now() + make_interval(secs => $3),
    attempt = j.attempt + 1
from promised as p
where j.pipeline_id = $1 and j.reference_id = p.reference_id
returning j.reference_id, j.payload_hash, j.generation, j.change, j.attempt, j.receipt
