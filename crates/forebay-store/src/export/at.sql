select r.payload::text
from forebay.source_at($1, $2) as r
where $3::text is null or r.scope = $3
order by r.record_key collate "C", r.reference_id
