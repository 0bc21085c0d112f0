-- The types of all schemas: columns may use any. Not those of indexes and sequences.
select t.oid as id, n.nspname::text as schema, t.typname::text as name, format_type(t.oid, null) as format,
    nullif(t.typrelid, 0) as relation_id, nullif(t.typbasetype, 0) as base_id,
    case when t.typcategory = 'A' then nullif(t.typelem, 0) end as element_id,
    coalesce(e.labels, '{}') as labels, coalesce(a.names, '{}') as attribute_names,
    coalesce(a.type_ids, '{}') as attribute_ids, obj_description(t.oid, 'pg_type') as comment
from pg_type as t
join pg_namespace as n on n.oid = t.typnamespace
left join pg_class as c on c.oid = t.typrelid
left join (
    select enumtypid, array_agg(enumlabel::text order by enumsortorder) as labels
    from pg_enum
    group by enumtypid
) as e on e.enumtypid = t.oid
-- Relations have columns instead.
left join lateral (
    select array_agg(attname::text order by attnum) as names, array_agg(atttypid order by attnum) as type_ids
    from pg_attribute
    where attrelid = t.typrelid and c.relkind = 'c' and attnum > 0 and not attisdropped
) as a on true
where t.typrelid = 0 or c.relkind in ('c', 'r', 'v', 'm', 'p', 'f')
order by t.oid
