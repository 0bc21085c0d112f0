-- The stored rows of references, in the order of the input. "lateral" with "offset 0" forces one index lookup each.
select s.ord::int4 - 1 as index, r.version, r.version_hash, r.removed_at, r.observed_at, r.scope,
    r.lineage ? 'flagged' as is_flagged, r.record_key, r.payload::text
from unnest($1::uuid[]) with ordinality as s (reference_id, ord)
cross join lateral (
    select * from forebay."references" as f where f.reference_id = s.reference_id offset 0
) as r
order by s.ord
