-- The references of ids that re-keys concern. "lateral" with "offset 0" forces one index lookup each.
select s.ord - 1 as index, coalesce(r.reference_id, a.reference_id) as reference_id,
    case when r.record_key <> s.record_key then r.record_key end as other_key, coalesce(r.is_active, false) as is_active
from unnest($1::uuid[], $2::text[]) with ordinality as s (id, record_key, ord)
left join lateral (
    select f.reference_id from forebay.reference_aliases as f where f.alias_id = s.id offset 0
) as a on true
left join lateral (
    select f.reference_id, f.record_key, f.removed_at is null as is_active
    from forebay."references" as f where f.reference_id = coalesce(a.reference_id, s.id) offset 0
) as r on true
where a.reference_id is not null or r.record_key <> s.record_key
