-- The active references of an entity type in one scope, after a given id.
with
-- Ids only at first: payloads are read just for the page.
page as (
    select r.reference_id
    from forebay.sources as s
    join forebay."references" as r using (source_id)
    where s.entity_type = $1 and r.scope = $2 and r.removed_at is null and r.reference_id > $3
    order by r.reference_id
    limit $4
)
select r.reference_id, s.name as source, left(r.record_key, 500) as record_key, r.version, r.changed_at,
    case when octet_length(t.payload) <= $5 then t.payload end as payload
from page as p
join forebay."references" as r using (reference_id)
join forebay.sources as s using (source_id)
-- Evaluated once, for both the length and the payload.
cross join lateral (select r.payload::text as payload offset 0) as t
order by r.reference_id
