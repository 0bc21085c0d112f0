-- Locks what is open of references in pipelines, in the order of their keys. The statement after this one then sees it
-- as it is: a worker that held it has committed by then.
select
from (
    select d.reference_id, d.pipeline_id
    from unnest($1::uuid[], $2::int4[]) as d (reference_id, pipeline_id)
    order by d.reference_id, d.pipeline_id
) as k
cross join lateral (
    select
    from forebay.ingestion_handoffs as f
    where f.reference_id = k.reference_id and f.pipeline_id = k.pipeline_id
    offset 0
    for update
) as h
