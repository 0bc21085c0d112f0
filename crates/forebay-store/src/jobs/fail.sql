-- Writes what the policy decided about attempts that failed. The rows are locked by the statement before.
with
decided as materialized (
    select d.*, j.payload_hash, j.generation, j.has_follow_up
    from unnest($2::uuid[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::text[], $8::text[], $9::int4[],
            $10::float8[])
        as d (reference_id, state, state_reason, uses_attempt, failure_class, reason_code, message, attempt, delay)
    cross join lateral (
        select f.payload_hash, f.generation, f.next_payload_hash is not null as has_follow_up
        from forebay.ingestion_jobs as f
        where f.pipeline_id = $1 and f.reference_id = d.reference_id
        offset 0
    ) as j
),
trail as (
    insert into forebay.ingestion_attempts
        (reference_id, pipeline_id, payload_hash, attempt, failure_class, reason_code, message)
    select d.reference_id, $1, d.payload_hash, d.attempt, d.failure_class, d.reason_code, d.message
    from decided as d
),
-- The generation is compared for the same reason as when an attempt succeeds.
told as (
    update forebay.ingestion_handoffs as h
    set state = d.state,
        reason_code = d.state_reason,
        last_error = d.message,
        num_attempts = h.num_attempts + d.uses_attempt::int,
        finished_at = case when d.state = 'retrying' then null else now() end
    from decided as d
    where h.reference_id = d.reference_id
        and h.pipeline_id = $1
        and h.payload_hash = d.payload_hash
        and h.generation = d.generation
        and h.state in ('pending', 'retrying', 'active')
),
-- Tried again later, or turned to the newer content that waits.
waiting as (
    update forebay.ingestion_jobs as j
    set payload_hash = coalesce(j.next_payload_hash, j.payload_hash),
        generation = coalesce(j.next_generation, j.generation),
        change = coalesce(j.next_change, j.change),
        next_payload_hash = null,
        next_generation = null,
        next_change = null,
        receipt = null,
        lease_until = null,
        attempt = case when d.has_follow_up then 0 else d.attempt end,
        not_before = now() + make_interval(secs => case when d.has_follow_up then 0 else d.delay end)
    from decided as d
    where j.pipeline_id = $1
        and j.reference_id = d.reference_id
        and (d.has_follow_up or d.state = 'retrying')
)
delete from forebay.ingestion_jobs as j
using decided as d
where j.pipeline_id = $1 and j.reference_id = d.reference_id and not d.has_follow_up and d.state <> 'retrying'
