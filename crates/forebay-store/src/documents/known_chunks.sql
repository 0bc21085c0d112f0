-- The stored chunks of these documents. "lateral" with "offset 0" forces one index lookup each.
select d.ord::int4 - 1 as document, c.chunk_id, c.ordinal,
    (c.title, c.language) = (d.title, d.language) as is_current
from unnest($2::uuid[], $3::text[], $4::text[]) with ordinality as d (reference_id, title, language, ord)
cross join lateral (
    select * from forebay.document_chunks as f
    where f.reference_id = d.reference_id and f.pipeline_id = $1
    offset 0
) as c
