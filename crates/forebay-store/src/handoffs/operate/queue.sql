-- Queues hand-offs that wait again: an unclaimed job gets their content, a claimed job gets it as its follow-up.
with
waiting as materialized (
    select d.* from unnest($1::uuid[], $2::int4[], $3::bytea[]) as d (reference_id, pipeline_id, payload_hash)
),
queued as materialized (
    select w.reference_id, w.pipeline_id, w.payload_hash, h.generation, h.change, h.num_attempts, r.source_id,
        case
            when p.limit_key is not null then forebay_private.limit_key(r.payload, p.limit_key, p.limit_key_is_url)
        end as limit_key
    from waiting as w
    cross join lateral (
        select *
        from forebay.ingestion_handoffs as f
        where f.reference_id = w.reference_id and f.pipeline_id = w.pipeline_id and f.payload_hash = w.payload_hash
        offset 0
    ) as h
    cross join lateral (
        select f.source_id, f.payload from forebay."references" as f where f.reference_id = w.reference_id offset 0
    ) as r
    cross join lateral (
        select f.limit_key, f.limit_key_is_url from forebay.pipelines as f where f.pipeline_id = w.pipeline_id offset 0
    ) as p
)
insert into forebay.ingestion_jobs as j
    (pipeline_id, reference_id, source_id, payload_hash, generation, change, priority, attempt, limit_key)
select q.pipeline_id, q.reference_id, q.source_id, q.payload_hash, q.generation, q.change, $4::int2, q.num_attempts,
    q.limit_key
from queued as q
order by q.reference_id, q.pipeline_id
on conflict (reference_id, pipeline_id) do update
set payload_hash = case when j.receipt is null then excluded.payload_hash else j.payload_hash end,
    generation = case when j.receipt is null then excluded.generation else j.generation end,
    change = case when j.receipt is null then excluded.change else j.change end,
    attempt = case
        -- The same content keeps its attempts.
        when j.receipt is not null or (j.payload_hash, j.generation) = (excluded.payload_hash, excluded.generation)
            then j.attempt
        else excluded.attempt
    end,
    not_before = case when j.receipt is null then now() else j.not_before end,
    priority = least(j.priority, excluded.priority),
    limit_key = excluded.limit_key,
    next_payload_hash = case when j.receipt is null then null else excluded.payload_hash end,
    next_generation = case when j.receipt is null then null else excluded.generation end,
    next_change = case when j.receipt is null then null else excluded.change end
