-- The rights that the current role needs to persist and to work, and lacks: one row each.
select 'enter the schema ' || n.nspname as missing
from pg_namespace as n
where n.nspname in ('forebay', 'forebay_private') and not has_schema_privilege(n.oid, 'usage')
union all
select 'read and write forebay.' || c.relname
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'forebay'
    and c.relkind in ('r', 'p')
    -- Partitions are written through their table, and the migration history only by migrating.
    and not c.relispartition
    and c.relname <> 'schema_migrations'
    and not (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'insert')
        and has_table_privilege(c.oid, 'update') and has_table_privilege(c.oid, 'delete'))
union all
-- Row-level security shows rows to the owner, and to roles that a policy names.
select 'pass the row-level security of forebay.' || c.relname
from pg_class as c
where c.relnamespace = 'forebay'::regnamespace
    and c.relkind in ('r', 'p')
    and not c.relispartition
    and row_security_active(c.oid)
    and not exists (
        select
        from pg_policy as y
        cross join unnest(y.polroles) as r (role_oid)
        where y.polrelid = c.oid and y.polcmd = '*' and (r.role_oid = 0 or pg_has_role(r.role_oid, 'usage')))
union all
select 'call ' || n.nspname || '.' || f.proname
from pg_proc as f
join pg_namespace as n on n.oid = f.pronamespace
where n.nspname in ('forebay', 'forebay_private')
    -- Triggers call theirs whoever writes.
    and f.prorettype <> 'trigger'::regtype
    and not has_function_privilege(f.oid, 'execute')
order by 1
