-- Sets the limit keys of jobs from the stored payloads.
with
queued as materialized (
    select d.reference_id, $1::int4 as pipeline_id, forebay_private.limit_key(r.payload, $3::text[], $4::bool) as limit_key
    from unnest($2::uuid[]) as d (reference_id)
    cross join lateral (
        select f.payload from forebay."references" as f where f.reference_id = d.reference_id offset 0
    ) as r
)
update forebay.ingestion_jobs as j
set limit_key = q.limit_key
from queued as q
where j.reference_id = q.reference_id
    and j.pipeline_id = q.pipeline_id
    and j.limit_key is distinct from q.limit_key
