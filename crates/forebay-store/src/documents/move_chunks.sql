-- A moved chunk keeps its content and its embedding. If title and language are unchanged, it also keeps its lexemes and
-- its index entries.
update forebay.document_chunks as c
set ordinal = n.ordinal,
    title = n.title,
    language = n.language,
    search = case
        when (c.title, c.language) = (n.title, n.language) then c.search
        else setweight(to_tsvector(n.config, n.title), 'A')
            || setweight(to_tsvector(n.config, c.heading), 'B')
            || setweight(to_tsvector(n.config, c.content), 'C')
    end
from (
    select ($2::uuid[])[m.document] as reference_id, ($3::text[])[m.document] as title,
        ($4::text[])[m.document] as language, quote_ident(($4::text[])[m.document])::regconfig as config, m.chunk_id, m.ordinal
    from unnest($5::int4[], $6::uuid[], $7::int4[]) as m (document, chunk_id, ordinal)
    offset 0
) as n
where c.reference_id = n.reference_id and c.pipeline_id = $1 and c.chunk_id = n.chunk_id
