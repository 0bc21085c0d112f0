insert into forebay.documents as d (reference_id, pipeline_id, payload_hash, title, language, num_chunks, is_cut)
select n.reference_id, $1, n.payload_hash, n.title, n.language, n.num_chunks, n.is_cut
from unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::int4[], $7::boolean[])
    as n (reference_id, title, language, payload_hash, num_chunks, is_cut)
-- An unchanged document isn't even locked, because locking writes to its page.
where not exists (
    select from forebay.documents as k
    where k.reference_id = n.reference_id
        and k.pipeline_id = $1
        and (k.payload_hash, k.title, k.language, k.num_chunks, k.is_cut)
            = (n.payload_hash, n.title, n.language, n.num_chunks, n.is_cut)
)
order by n.reference_id
on conflict (reference_id, pipeline_id) do update
set payload_hash = excluded.payload_hash,
    title = excluded.title,
    language = excluded.language,
    num_chunks = excluded.num_chunks,
    is_cut = excluded.is_cut,
    indexed_at = now()
