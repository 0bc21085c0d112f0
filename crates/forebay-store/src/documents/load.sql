-- The active references to index. "lateral" with "offset 0" forces one index lookup each.
select s.ord::int4 - 1 as index, r.record_key, r.version_hash, r.payload::text
from unnest($1::uuid[]) with ordinality as s (reference_id, ord)
cross join lateral (
    select * from forebay."references" as f where f.reference_id = s.reference_id and f.removed_at is null offset 0
) as r
order by s.ord
