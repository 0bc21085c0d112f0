-- What was not embedded is free again, or refused for good when there is a reason.
update forebay.document_chunks as c
set embedding_lease_until = null, embedding_error = $4
from unnest($2::uuid[], $3::uuid[]) as g (reference_id, chunk_id)
where c.reference_id = g.reference_id and c.pipeline_id = $1 and c.chunk_id = g.chunk_id and c.embedded_at is null
