-- What the policy must know of attempts that failed: which try it was, how often it has failed like this since the
-- hand-off was last opened, and whether newer content waits. Locks what it answers for, without waiting.
select c.ord::int4 - 1,
    case
        when h.generation is not null then 'done'
        when j.reference_id is not null and not exists (
            select from forebay.ingestion_handoffs as f
            where f.reference_id = c.reference_id and f.pipeline_id = $1 and f.payload_hash = j.payload_hash)
            then 'gone'
        when j.reference_id is not null then 'busy'
        else coalesce((
            select case when f.receipt is distinct from c.receipt then 'stale' else 'busy' end
            from forebay.ingestion_jobs as f
            where f.pipeline_id = $1 and f.reference_id = c.reference_id), 'lost')
    end,
    -- A claim has counted the try already, a row lock has not.
    coalesce(j.attempt + (j.receipt is null)::int, 0),
    case
        when h.generation is distinct from j.generation then 0
        when c.failure_class = 'transient' then h.num_attempts
        else (
            select count(*)::int
            from forebay.ingestion_attempts as a
            where a.reference_id = j.reference_id
                and a.pipeline_id = $1
                and a.payload_hash = j.payload_hash
                and a.failure_class = c.failure_class
                and a.failed_at >= h.enqueued_at)
    end,
    coalesce(j.has_follow_up, false),
    coalesce(h.generation = j.generation, false),
    random()
from unnest($2::uuid[], $3::uuid[], $4::text[]) with ordinality as c (reference_id, receipt, failure_class, ord)
left join lateral (
    select f.reference_id, f.payload_hash, f.generation, f.receipt, f.attempt,
        f.next_payload_hash is not null as has_follow_up
    from forebay.ingestion_jobs as f
    where f.pipeline_id = $1 and f.reference_id = c.reference_id and f.receipt is not distinct from c.receipt
    offset 0
    for update skip locked
) as j on true
left join lateral (
    select f.generation, f.enqueued_at, f.num_attempts
    from forebay.ingestion_handoffs as f
    where f.reference_id = j.reference_id and f.pipeline_id = $1 and f.payload_hash = j.payload_hash
    offset 0
    for update skip locked
) as h on true
order by c.ord
