-- Title and language belong to the document, so they are sent once per document, not once per chunk.
insert into forebay.document_chunks
    (reference_id, pipeline_id, chunk_id, ordinal, language, content_hash, title, heading, content, search)
select ($2::uuid[])[n.document], $1, n.chunk_id, n.ordinal, d.language, n.content_hash, d.title, n.heading, n.content,
    setweight(to_tsvector(d.config, d.title), 'A')
    || setweight(to_tsvector(d.config, n.heading), 'B')
    || setweight(to_tsvector(d.config, n.content), 'C')
from unnest($5::int4[], $6::uuid[], $7::int4[], $8::bytea[], $9::text[], $10::text[])
    as n (document, chunk_id, ordinal, content_hash, heading, content)
cross join lateral (
    select ($3::text[])[n.document] as title, ($4::text[])[n.document] as language,
        quote_ident(($4::text[])[n.document])::regconfig as config
    offset 0
) as d
order by 1, 3
