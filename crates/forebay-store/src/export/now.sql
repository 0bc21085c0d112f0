select r.payload::text
from forebay."references" as r
where r.source_id = $1 and r.removed_at is null and ($2::text is null or r.scope = $2)
order by r.record_key collate "C", r.reference_id
