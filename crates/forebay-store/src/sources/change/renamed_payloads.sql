select r.reference_id, r.version_hash, ((r.payload - $2) || jsonb_build_object($3, r.payload -> $2))::text as payload
from forebay."references" as r
where r.source_id = $1 and r.payload ? $2 and ($4::uuid is null or r.reference_id > $4)
order by r.reference_id
limit $5
