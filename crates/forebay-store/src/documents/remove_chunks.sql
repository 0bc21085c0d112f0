delete from forebay.document_chunks as c
using unnest($2::uuid[], $3::uuid[]) as g (reference_id, chunk_id)
where c.reference_id = g.reference_id and c.pipeline_id = $1 and c.chunk_id = g.chunk_id
