-- The next selected hand-offs, in key order. Locks nothing. Each table is read in the order of its primary key, up to
-- the limit.
(
    select h.reference_id, h.pipeline_id, c.payload_hash
    from forebay.ingestion_handoffs as h
    cross join lateral (
        select h.payload_hash, case when h.receipt is null then h.state else 'active' end as state, h.reason_code,
            h.failure_code, h.enqueued_at
        where h.next_payload_hash is distinct from h.payload_hash
        union all
        select h.next_payload_hash, h.next_state, h.next_reason_code, null, h.next_enqueued_at
        where h.next_payload_hash is not null
    ) as c
    where (h.reference_id, h.pipeline_id) >= ($1::uuid, $2::int4)
        and (h.reference_id, h.pipeline_id, c.payload_hash) > ($1, $2, $3::bytea)
        and c.state = any ($4::text[])
        and ($5::text is null or h.pipeline_id = (select p.pipeline_id from forebay.pipelines as p where p.name = $5))
        and ($6::text is null or exists (
            select from forebay."references" as r
            join forebay.sources as s using (source_id)
            where r.reference_id = h.reference_id and s.name = $6))
        and ($7::text is null or c.reason_code = $7 or c.failure_code = $7)
        and ($12::text is null or c.failure_code = $12)
        and ($8::uuid[] is null or h.reference_id = any ($8))
        and ($9::timestamptz is null or c.enqueued_at >= $9)
        and ($10::timestamptz is null or c.enqueued_at < $10)
    order by h.reference_id, h.pipeline_id, c.payload_hash
    limit $11::int8
)
union all
(
    select h.reference_id, h.pipeline_id, h.payload_hash
    from forebay.ingestion_outcomes as h
    where (h.reference_id, h.pipeline_id, h.payload_hash) > ($1, $2, $3)
        and h.state = any ($4::text[])
        and ($5::text is null or h.pipeline_id = (select p.pipeline_id from forebay.pipelines as p where p.name = $5))
        and ($6::text is null or exists (
            select from forebay."references" as r
            join forebay.sources as s using (source_id)
            where r.reference_id = h.reference_id and s.name = $6))
        and ($7::text is null or h.reason_code = $7 or h.failure_code = $7)
        and ($12::text is null or h.failure_code = $12)
        and ($8::uuid[] is null or h.reference_id = any ($8))
        and ($9::timestamptz is null or h.finished_at >= $9)
        and ($10::timestamptz is null or h.finished_at < $10)
    order by h.reference_id, h.pipeline_id, h.payload_hash
    limit $11
)
order by reference_id, pipeline_id, payload_hash
limit $11
