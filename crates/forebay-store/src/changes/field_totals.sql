-- The fields that the staged updates of a run change. Null and the empty string are no value.
with
updates as (
    select r.payload as old, c.payload::jsonb as new
    from forebay.scrape_run_changes as c
    join forebay."references" as r using (reference_id)
    where c.run_id = $1 and c.change = 'seen' and r.removed_at is null and r.version_hash <> c.version_hash
)
select f.field_name, count(*) as num_changed,
    count(*) filter (where f.had_value and not f.has_value) as num_lost,
    count(*) filter (where f.has_value and not f.had_value) as num_gained
from updates as u
cross join lateral (
    select key as field_name, coalesce(o.value::text, 'null') not in ('null', '""') as had_value,
        coalesce(n.value::text, 'null') not in ('null', '""') as has_value
    from jsonb_each(u.old) as o
    full join jsonb_each(u.new) as n using (key)
    where o.value is distinct from n.value
) as f
group by f.field_name
order by num_changed desc, f.field_name
