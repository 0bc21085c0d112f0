-- Which of some references are active in other scopes than $2, with one of these scopes. "lateral" with "offset 0"
-- forces one index lookup each.
select count(r.scope) as num_references, min(r.scope) as scope
from unnest($1::uuid[]) as s (reference_id)
cross join lateral (
    select f.scope
    from forebay."references" as f
    where f.reference_id = s.reference_id and f.removed_at is null and f.scope <> $2
    offset 0
) as r
