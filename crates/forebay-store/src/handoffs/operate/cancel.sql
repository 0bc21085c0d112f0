-- Cancels open hand-offs. A follow-up stays with the claim, and is settled as cancelled when the claim ends. With $4,
-- an attempt in progress is marked and its worker told; how the attempt ends decides.
with
cancelled as materialized (
    -- An attempt and its follow-up are one row.
    select d.reference_id, d.pipeline_id, array_agg(d.payload_hash) as hashes
    from unnest($1::uuid[], $2::int4[], $3::bytea[]) as d (reference_id, pipeline_id, payload_hash)
    group by d.reference_id, d.pipeline_id
),
claimed as (
    update forebay.ingestion_handoffs as h
    set next_state = case when h.next_payload_hash = any (c.hashes) then 'cancelled' else h.next_state end,
        next_reason_code = case when h.next_payload_hash = any (c.hashes) then 'cancelled' else h.next_reason_code end,
        is_cancelled = h.is_cancelled or ($4::bool and h.payload_hash = any (c.hashes))
    from cancelled as c
    where h.reference_id = c.reference_id
        and h.pipeline_id = c.pipeline_id
        and h.receipt is not null
        and (h.next_payload_hash = any (c.hashes) or $4 and h.payload_hash = any (c.hashes))
    returning h.receipt, h.reference_id, h.is_cancelled
),
holding as materialized (
    select c.receipt
    from forebay.ingestion_claims as c
    where c.receipt in (select f.receipt from claimed as f where f.is_cancelled)
    order by c.receipt
    for update
),
told as (
    update forebay.ingestion_claims as c
    -- Some may be in the list already.
    set cancelled = array(select distinct d.reference_id from unnest(c.cancelled || m.reference_ids) as d (reference_id))
    from (
        select f.receipt, array_agg(f.reference_id) as reference_ids
        from claimed as f
        join holding using (receipt)
        where f.is_cancelled
        group by f.receipt
    ) as m
    where c.receipt = m.receipt
),
gone as (
    delete from forebay.ingestion_handoffs as h
    using cancelled as c
    where h.reference_id = c.reference_id
        and h.pipeline_id = c.pipeline_id
        and h.payload_hash = any (c.hashes)
        and h.receipt is null
    returning h.*
)
insert into forebay.ingestion_outcomes
    (reference_id, pipeline_id, payload_hash, state, reason_code, failure_code, last_error, num_attempts, version, generation,
     change, run_id, enqueued_at)
select g.reference_id, g.pipeline_id, g.payload_hash, 'cancelled', 'cancelled', g.failure_code, g.last_error, g.num_attempts,
    g.version, g.generation, g.change, g.run_id, g.enqueued_at
from gone as g
