-- The functions of schema $1 that take one row of a relation of the schema: which relation, and of which the rows are
-- that they return. Forebay's own have a comment that begins with $2 and the owner of its tables.
select f.oid::regprocedure::text as signature, f.proname::text as name, a.relname::text as from_view,
    coalesce(r.relname::text, '') as to_view,
    starts_with(coalesce(obj_description(f.oid, 'pg_proc'), ''), $2)
        and f.proowner = (select c.relowner from pg_class as c where c.oid = to_regclass('forebay.references')) as is_own
from pg_proc as f
join pg_namespace as n on n.oid = f.pronamespace
join pg_class as a on a.reltype = f.proargtypes[0] and a.relnamespace = n.oid
left join pg_class as r on r.reltype = f.prorettype and r.relnamespace = n.oid
where n.nspname = $1 and f.pronargs = 1
order by 1
