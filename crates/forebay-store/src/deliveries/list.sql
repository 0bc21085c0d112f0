-- Deliveries, newest first.
select d.delivery_id, p.name as pipeline, d.reference_id, s.name as source, r.record_key, d.event_id, d.attempt, d.sent_at,
    d.duration_ms, d.http_status, d.failure_code, d.response
from forebay.ingestion_deliveries as d
join forebay.pipelines as p using (pipeline_id)
left join forebay."references" as r using (reference_id)
left join forebay.sources as s on s.source_id = r.source_id
where ($1::text is null or p.name = $1)
    and ($2::uuid is null or d.reference_id = $2)
    and (not $3 or d.failure_code is not null)
    and ($4::timestamptz is null or d.sent_at >= $4)
    and ($5::timestamptz is null or (d.sent_at, d.delivery_id) < ($5, $6::bigint))
order by d.sent_at desc, d.delivery_id desc
limit $7
