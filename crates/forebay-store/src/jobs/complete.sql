-- Ends attempts that succeeded. Every row is checked by its receipt (null: held by this transaction's row lock), and
-- what somebody else has locked right now is answered with busy, because waiting here could be for ever.
with
judged as materialized (
    select c.ord, c.reference_id, j.payload_hash, j.generation, j.has_follow_up,
        case
            when h.is_locked then 'done'
            -- It has lost its hand-off (somebody cleared the history): what is left is the job.
            when j.reference_id is not null and not exists (
                select from forebay.ingestion_handoffs as f
                where f.reference_id = c.reference_id and f.pipeline_id = $1 and f.payload_hash = j.payload_hash)
                then 'done'
            when j.reference_id is not null then 'busy'
            else coalesce((
                select case when f.receipt is distinct from c.receipt then 'stale' else 'busy' end
                from forebay.ingestion_jobs as f
                where f.pipeline_id = $1 and f.reference_id = c.reference_id), 'lost')
        end as verdict
    from unnest($2::uuid[], $3::uuid[]) with ordinality as c (reference_id, receipt, ord)
    left join lateral (
        select f.reference_id, f.payload_hash, f.generation, f.next_payload_hash is not null as has_follow_up
        from forebay.ingestion_jobs as f
        where f.pipeline_id = $1 and f.reference_id = c.reference_id and f.receipt is not distinct from c.receipt
        offset 0
        for update skip locked
    ) as j on true
    left join lateral (
        select true as is_locked
        from forebay.ingestion_handoffs as f
        where f.reference_id = j.reference_id and f.pipeline_id = $1 and f.payload_hash = j.payload_hash
        offset 0
        for update skip locked
    ) as h on true
),
-- A hand-off that was opened again meanwhile has a higher generation, and stays open for its follow-up.
succeeded as (
    update forebay.ingestion_handoffs as h
    set state = 'succeeded', finished_at = now()
    from judged as e
    where e.verdict = 'done'
        and h.reference_id = e.reference_id
        and h.pipeline_id = $1
        and h.payload_hash = e.payload_hash
        and h.generation = e.generation
        and h.state in ('pending', 'retrying', 'active')
),
followed as (
    update forebay.ingestion_jobs as j
    set payload_hash = j.next_payload_hash,
        generation = j.next_generation,
        change = j.next_change,
        next_payload_hash = null,
        next_generation = null,
        next_change = null,
        receipt = null,
        lease_until = null,
        attempt = 0,
        not_before = now()
    from judged as e
    where e.verdict = 'done' and e.has_follow_up and j.pipeline_id = $1 and j.reference_id = e.reference_id
),
finished as (
    delete from forebay.ingestion_jobs as j
    using judged as e
    where e.verdict = 'done' and not e.has_follow_up and j.pipeline_id = $1 and j.reference_id = e.reference_id
)
select e.verdict from judged as e order by e.ord
