-- The source and key of references, in the order of the ids. A deleted reference has neither. Every lookup uses a
-- primary key ("lateral" with "offset 0").
select s.name as source, r.record_key
from unnest($1::uuid[]) with ordinality as d (reference_id, ord)
-- Aliases take precedence, as they do when persisting.
left join lateral (
    select a.reference_id from forebay.reference_aliases as a where a.alias_id = d.reference_id offset 0
) as a on true
left join lateral (
    select f.source_id, f.record_key
    from forebay."references" as f
    where f.reference_id = coalesce(a.reference_id, d.reference_id)
    offset 0
) as r on true
left join lateral (
    select f.name from forebay.sources as f where f.source_id = r.source_id offset 0
) as s on true
order by d.ord
