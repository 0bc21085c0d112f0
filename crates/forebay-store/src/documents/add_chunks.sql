-- Title and language belong to the document, so they are sent once per document, not once per chunk.
insert into forebay.document_chunks
    (reference_id, pipeline_id, chunk_id, ordinal, language, content_hash, title, heading, content)
select ($2::uuid[])[n.document], $1, n.chunk_id, n.ordinal, ($4::text[])[n.document]::regconfig, n.content_hash,
    ($3::text[])[n.document], n.heading, n.content
from unnest($5::int4[], $6::uuid[], $7::int4[], $8::bytea[], $9::text[], $10::text[])
    as n (document, chunk_id, ordinal, content_hash, heading, content)
order by 1, 3
