-- The next selected hand-offs, in key order. Locks nothing.
select h.reference_id, h.pipeline_id, h.payload_hash
from forebay.ingestion_handoffs as h
where (h.reference_id, h.pipeline_id, h.payload_hash) > ($1::uuid, $2::int4, $3::bytea)
    and h.state = any ($4::text[])
    and ($5::text is null or h.pipeline_id = (select p.pipeline_id from forebay.pipelines as p where p.name = $5))
    and ($6::text is null or exists (
        select from forebay."references" as r
        join forebay.sources as s using (source_id)
        where r.reference_id = h.reference_id and s.name = $6))
    and ($7::text is null or h.reason_code = $7 or h.failure_code = $7)
    and ($12::text is null or h.failure_code = $12)
    and ($8::uuid[] is null or h.reference_id = any ($8))
    and ($9::timestamptz is null or coalesce(h.finished_at, h.enqueued_at) >= $9)
    and ($10::timestamptz is null or coalesce(h.finished_at, h.enqueued_at) < $10)
order by h.reference_id, h.pipeline_id, h.payload_hash
limit $11::int8
