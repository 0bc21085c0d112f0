-- Lifts pauses that have not ended, and returns when they would have.
with
paused as materialized (
    select l.pipeline_id, l.limit_key, l.paused_until
    from forebay.ingestion_limits as l
    where l.pipeline_id = $1 and l.paused_until > now() and ($2::text is null or l.limit_key = $2)
    order by l.limit_key
    for update
)
update forebay.ingestion_limits as l
set paused_until = null
from paused as b
join forebay.pipelines as p using (pipeline_id)
where l.pipeline_id = b.pipeline_id and l.limit_key = b.limit_key
returning p.name as pipeline, nullif(b.limit_key, '') as key, b.paused_until
