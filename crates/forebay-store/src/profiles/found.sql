-- The relations in schema $1 that have a name of the profile, and whether each is the profile's own: it has the
-- profile's comment, and no other role owns it. $2: the names. $3: how comments of the profile's relations begin.
select c.relname::text as name,
    starts_with(coalesce(obj_description(c.oid, 'pg_class'), ''), $3) as is_marked,
    c.relowner = (select l.relowner from pg_class as l where l.oid = to_regclass('forebay.sync_metadata')) as is_ours,
    array(
        select a.attname::text
        from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        order by a.attnum) as columns
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = any ($2)
order by c.relname
