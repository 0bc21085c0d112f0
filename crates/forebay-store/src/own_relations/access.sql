-- The statements that open new relations to the service role and to no other role of a web API, whatever the default
-- privileges of the schema grant. The table stays closed to these roles if they are granted rights later; a role of
-- the user's own needs the rights only. $1: the schema. $2: the relations. $3: the roles that read what policies let
-- them see.
select s.statement
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
cross join lateral (
    select 1 as step, format('revoke all on %s from %I', c.oid::regclass, r.rolname) as statement
    from pg_roles as r
    where r.rolname in ('anon', 'authenticated')
    union all
    select 2, format('alter table %s enable row level security', c.oid::regclass)
    where c.relkind = 'r'
    union all
    select 3, format(
        'create policy forebay_services on %s using (current_user <> all (''{anon,authenticated}''))', c.oid::regclass)
    where c.relkind = 'r'
    union all
    select 4, format('grant %s on %s to service_role',
        case c.relkind when 'r' then 'select, insert, update, delete' else 'select' end, c.oid::regclass)
    from pg_roles as r
    where r.rolname = 'service_role'
    union all
    select 5, format('grant usage on schema %I to %I', n.nspname, r.rolname)
    from pg_roles as r
    where r.rolname = any ($3)
    union all
    select 6, format('grant select on %s to %I', c.oid::regclass, r.rolname)
    from pg_roles as r
    where r.rolname = any ($3)
) as s
where n.nspname = $1 and c.relname = any ($2)
order by c.relname, s.step, s.statement
