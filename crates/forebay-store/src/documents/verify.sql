select s.ord::int4 - 1 as index, d.payload_hash
from unnest($2::uuid[]) with ordinality as s (reference_id, ord)
cross join lateral (
    select * from forebay.documents as f
    where f.reference_id = s.reference_id and f.pipeline_id = $1
    offset 0
) as d
