-- The relations in schema $1 named in $2, the functions named in $4, and whether each is Forebay's own: its comment
-- begins with $3, and the owner of Forebay's tables owns it.
select o.name, starts_with(coalesce(o.comment, ''), $3) as is_marked,
    o.owner = (select l.relowner from pg_class as l where l.oid = to_regclass('forebay.references')) as is_ours,
    o.columns
from (
    select c.relname::text as name, obj_description(c.oid, 'pg_class') as comment, c.relowner as owner, array(
            select a.attname::text
            from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            order by a.attnum) as columns
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = any ($2)
    union all
    select format('%s(%s)', f.proname, pg_get_function_identity_arguments(f.oid)), obj_description(f.oid, 'pg_proc'),
        f.proowner, '{}'
    from pg_proc as f
    join pg_namespace as n on n.oid = f.pronamespace
    where n.nspname = $1 and f.proname = any ($4)
) as o
order by o.name
