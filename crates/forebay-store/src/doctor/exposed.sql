-- Tables of Forebay and targets of pipelines that roles of a web API can write: with a right, and without row security
-- that would refuse it. Row security doesn't apply to truncate.
select r.role_name, n.nspname || '.' || c.relname as table_name
from (values ('anon'), ('authenticated')) as r (role_name)
join pg_roles as g on g.rolname = r.role_name
cross join pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition
    and (n.nspname = 'forebay' or exists (
        select from forebay.pipelines as p
        where p.handler = 'table'
            and case when p.config ->> 'table' like '%.%' then p.config ->> 'table'
                else 'public.' || (p.config ->> 'table') end = n.nspname || '.' || c.relname))
    and has_schema_privilege(g.oid, n.oid, 'usage')
    and (has_table_privilege(g.oid, c.oid, 'truncate')
        or (has_table_privilege(g.oid, c.oid, 'insert, update, delete')
            and (not c.relrowsecurity
                or exists (select from pg_policy as y where y.polrelid = c.oid and y.polcmd <> 'r'))))
order by r.role_name, 2
