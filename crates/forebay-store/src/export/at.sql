select r.payload::text
from forebay.source_at($1, $2) as r
order by r.record_key collate "C", r.reference_id
