-- The tables and views of schema $1, or the one of them named $2, with columns and keys. Those of extensions are left
-- out, and partitions, whose rows are those of their table.
select n.nspname::text as schema_name, c.relname::text as name, format('%I.%I', n.nspname, c.relname) as quoted,
    c.relkind in ('v', 'm') as is_view, c.reltuples as estimate, c.relrowsecurity as has_rls,
    has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as is_readable,
    a.column_names, a.quoted_columns, a.column_types, a.are_nullable,
    coalesce(k.key, '{}') as key,
    coalesce(f.referring_columns, '{}') as referring_columns, coalesce(f.referred_tables, '{}') as referred_tables
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
    select coalesce(array_agg(t.attname::text order by t.attnum), '{}') as column_names,
        coalesce(array_agg(format('%I', t.attname) order by t.attnum), '{}') as quoted_columns,
        coalesce(array_agg(format_type(t.atttypid, null) order by t.attnum), '{}') as column_types,
        coalesce(array_agg(not t.attnotnull order by t.attnum), '{}') as are_nullable
    from pg_attribute as t
    where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped
) as a
left join lateral (
    select array(
            select t.attname::text
            from unnest(i.indkey[0:i.indnkeyatts - 1]) with ordinality as o (attnum, place)
            join pg_attribute as t on t.attrelid = c.oid and t.attnum = o.attnum
            order by o.place) as key
    from pg_index as i
    where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
        and (i.indisprimary or not exists (
            select from pg_attribute as t
            where t.attrelid = c.oid and t.attnum = any (i.indkey[0:i.indnkeyatts - 1]) and not t.attnotnull))
    order by i.indisprimary desc, i.indexrelid
    limit 1
) as k on true
left join lateral (
    select array_agg(array_to_string(array(
                select t.attname::text
                from unnest(x.conkey) with ordinality as o (attnum, place)
                join pg_attribute as t on t.attrelid = c.oid and t.attnum = o.attnum
                order by o.place), e'\x1f') order by x.conname) as referring_columns,
        array_agg(x.confrelid::regclass::text order by x.conname) as referred_tables
    from pg_constraint as x
    where x.conrelid = c.oid and x.contype = 'f'
) as f on true
where n.nspname = $1 and (c.relname = $2 or $2 is null)
    and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and not exists (
        select from pg_depend as d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by c.relname
