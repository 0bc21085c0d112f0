with
-- Don't wait for locked rows: their holder may wait for a row locked here. Their lease expires by itself.
free as materialized (
    select c.reference_id, c.chunk_id
    from unnest($2::uuid[], $3::uuid[]) as g (reference_id, chunk_id)
    join forebay.document_chunks as c
        on c.reference_id = g.reference_id and c.pipeline_id = $1 and c.chunk_id = g.chunk_id
    where c.embedded_at is null
    for update of c skip locked
)
-- Chunks without an embedding become free again, or are refused permanently if there is a reason.
update forebay.document_chunks as c
set embedding_lease_until = null, embedding_error = $4
from free as f
where c.reference_id = f.reference_id and c.pipeline_id = $1 and c.chunk_id = f.chunk_id
