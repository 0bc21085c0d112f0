-- Hand-offs as an operator looks at them: newest first, of some pipeline, state or reference.
select h.reference_id, s.name, r.record_key, p.name, h.state, h.reason_code, h.change, h.version, h.generation,
    h.num_attempts, h.last_error, h.payload_hash, h.run_id, h.enqueued_at, h.finished_at
from forebay.ingestion_handoffs as h
join forebay.pipelines as p using (pipeline_id)
-- A reference that was purged may have left its hand-offs.
left join forebay."references" as r using (reference_id)
left join forebay.sources as s using (source_id)
where ($1::text is null or p.name = $1)
    and ($2::text is null or h.state = $2)
    and ($3::uuid is null or h.reference_id = $3)
order by h.enqueued_at desc, h.version desc, h.reference_id, p.name
limit $4
