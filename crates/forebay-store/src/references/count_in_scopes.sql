-- The active references of each entity type and scope, over all sources of the type. Each source is one range of the
-- index of active references, which has all that is counted.
select coalesce(sum(c.num_active), 0)::int8 as num_active
from unnest($1::text[], $2::text[]) with ordinality as w (entity_type, scope, ord)
left join forebay.sources as s on s.entity_type = w.entity_type
left join lateral (
    select count(*) as num_active
    from forebay."references" as r
    where r.source_id = s.source_id and r.scope = w.scope and r.removed_at is null
    offset 0
) as c on true
group by w.ord
order by w.ord
