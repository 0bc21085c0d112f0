-- Adds deliveries.
insert into forebay.ingestion_deliveries
    (pipeline_id, reference_id, event_id, attempt, sent_at, duration_ms, http_status, failure_code, response)
select p.pipeline_id, d.reference_id, d.event_id, d.attempt, d.sent_at, d.duration_ms, d.http_status, d.failure_code,
    d.response
from unnest($1::text[], $2::uuid[], $3::text[], $4::int[], $5::timestamptz[], $6::bigint[], $7::int[], $8::text[],
    $9::text[]) with ordinality
    as d (pipeline, reference_id, event_id, attempt, sent_at, duration_ms, http_status, failure_code, response, ord)
join forebay.pipelines as p on p.name = d.pipeline
order by d.ord
