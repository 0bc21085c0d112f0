-- A moved chunk keeps its content and its embedding. If title and language are unchanged, it also keeps its index
-- entries.
update forebay.document_chunks as c
set ordinal = n.ordinal, title = n.title, language = n.language
from (
    select ($2::uuid[])[m.document] as reference_id, ($3::text[])[m.document] as title,
        ($4::text[])[m.document]::regconfig as language, m.chunk_id, m.ordinal
    from unnest($5::int4[], $6::uuid[], $7::int4[]) as m (document, chunk_id, ordinal)
    offset 0
) as n
where c.reference_id = n.reference_id and c.pipeline_id = $1 and c.chunk_id = n.chunk_id
