-- The statements that let those of the roles $3 that exist call the relationships of schema $1, whose comments begin
-- with $2, and no other role of a web API.
select s.statement
from pg_proc as f
join pg_namespace as n on n.oid = f.pronamespace
cross join lateral (
    select 1 as step, format('revoke all on function %s from %I', f.oid::regprocedure, r.rolname) as statement
    from pg_roles as r
    where r.rolname in ('anon', 'authenticated')
    union all
    select 2, format('grant execute on function %s to %I', f.oid::regprocedure, r.rolname)
    from pg_roles as r
    where r.rolname = any ($3)
) as s
where n.nspname = $1 and starts_with(coalesce(obj_description(f.oid, 'pg_proc'), ''), $2)
order by f.oid::regprocedure::text, s.step, s.statement
