with
-- Chunks without a valid lease. A locked row is about to be leased or changed.
free as materialized (
    select c.reference_id, c.chunk_id
    from forebay.document_chunks as c
    where c.pipeline_id = $1
        and c.embedded_at is null
        and c.embedding_error is null
        and (c.embedding_lease_until is null or c.embedding_lease_until < now())
    limit $2
    for update skip locked
)
update forebay.document_chunks as c
set embedding_lease_until = now() + make_interval(secs => $3)
from free as f
where c.reference_id = f.reference_id and c.pipeline_id = $1 and c.chunk_id = f.chunk_id
returning c.reference_id, c.chunk_id, c.content_hash, c.heading, c.content
