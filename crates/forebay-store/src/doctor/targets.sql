-- Tables that enabled pipelines write, and the rights on them that this role lacks.
select p.name as pipeline, t.name as table_name,
    concat_ws(', ', case when not has_table_privilege(c.oid, 'select') then 'select' end,
        case when not has_table_privilege(c.oid, 'insert') then 'insert' end,
        case when not has_table_privilege(c.oid, 'update') then 'update' end,
        case when not has_table_privilege(c.oid, 'delete') then 'delete' end) as missing
from forebay.pipelines as p
cross join lateral (
    select case when p.config ->> 'table' like '%.%' then p.config ->> 'table' else 'public.' || (p.config ->> 'table') end
) as t (name)
join pg_namespace as n on n.nspname = split_part(t.name, '.', 1)
join pg_class as c on c.relnamespace = n.oid and c.relname = split_part(t.name, '.', 2)
where p.enabled and p.handler = 'table'
    and not (has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
        and has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'update')
        and has_table_privilege(c.oid, 'delete'))
order by p.name
