-- Lists hand-offs, newest first, by pipeline, state, reference, reason, source or time.
select h.reference_id, s.name as source, r.record_key, p.name as pipeline, h.state, h.reason_code, h.change, h.version, h.generation,
    h.num_attempts, h.last_error, h.payload_hash, h.run_id, h.enqueued_at, h.finished_at,
    h.failure_code
from forebay.handoffs as h
join forebay.pipelines as p using (pipeline_id)
-- The reference may have been deleted.
left join forebay."references" as r using (reference_id)
left join forebay.sources as s using (source_id)
where ($1::text is null or p.name = $1)
    and ($2::text is null or h.state = $2)
    and ($3::uuid is null or h.reference_id = $3)
    and ($5::text is null or h.reason_code = $5 or h.failure_code = $5)
    and ($12::text is null or h.failure_code = $12)
    and ($6::text is null or s.name = $6)
    and ($7::timestamptz is null or coalesce(h.finished_at, h.enqueued_at) >= $7)
    -- After a place in this order.
    and ($8::timestamptz is null or h.enqueued_at < $8
        or (h.enqueued_at = $8 and (h.version < $9::int4
            or (h.version = $9 and (h.reference_id, p.name) > ($10::uuid, $11::text)))))
order by h.enqueued_at desc, h.version desc, h.reference_id, p.name
limit $4
