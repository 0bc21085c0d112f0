with
-- Chunks are deleted with their document.
chunks as (
    delete from forebay.document_chunks as c
    using unnest($2::uuid[]) as g (reference_id)
    where c.reference_id = g.reference_id and c.pipeline_id = $1
)
delete from forebay.documents as d
using unnest($2::uuid[]) as g (reference_id)
where d.reference_id = g.reference_id and d.pipeline_id = $1
