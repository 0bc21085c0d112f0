-- The foreign keys of tables in the schemas $1. Those that partitions inherit are left out.
select k.conname::text as name, k.conrelid as relation_id, k.conkey as columns,
    rn.nspname::text as referenced_schema, r.relname::text as referenced_relation, k.confrelid as referenced_id,
    k.confkey as referenced_columns, names.referenced_names,
    -- The columns of a unique key are compared in the order of the table.
    exists (
        select
        from pg_constraint as u
        where u.conrelid = k.conrelid and u.contype in ('p', 'u')
            and (select array_agg(number order by number) from unnest(u.conkey) as number) = k.conkey
    ) as is_one_to_one,
    k.connamespace::regnamespace::text <> n.nspname as is_quoted
from pg_constraint as k
join pg_namespace as n on n.oid = k.connamespace
join pg_class as r on r.oid = k.confrelid
join pg_namespace as rn on rn.oid = r.relnamespace
cross join lateral (
    select array_agg(a.attname::text order by c.place) as referenced_names
    from unnest(k.confkey) with ordinality as c (number, place)
    join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = c.number
) as names
where k.contype = 'f' and k.conparentid = 0 and n.nspname = any ($1)
order by k.oid
