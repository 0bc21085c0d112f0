insert into forebay.documents as d (reference_id, pipeline_id, payload_hash, title, body, language)
select n.reference_id, $1, n.payload_hash, n.title, n.body, $6::text::regconfig
from unnest($2::uuid[], $3::bytea[], $4::text[], $5::text[]) as n (reference_id, payload_hash, title, body)
order by n.reference_id
on conflict (reference_id, pipeline_id) do update
set payload_hash = excluded.payload_hash,
    title = excluded.title,
    body = excluded.body,
    language = excluded.language,
    indexed_at = now()
-- What is indexed already is left alone: the index is the dear part.
where (d.payload_hash, d.title, d.body, d.language)
    is distinct from (excluded.payload_hash, excluded.title, excluded.body, excluded.language)
