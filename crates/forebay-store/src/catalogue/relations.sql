-- The tables and views of the schemas $1, tables only with a right on them. For views, triggers and rules count.
select c.oid as id, n.nspname::text as schema, c.relname::text as name,
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end
        as kind,
    c.relispartition as is_partition,
    case c.relkind when 'm' then false when 'v' then pg_relation_is_updatable(c.oid, true) & 8 = 8 else true end
        as is_insertable,
    case c.relkind when 'm' then false when 'v' then pg_relation_is_updatable(c.oid, true) & 4 = 4 else true end
        as is_updatable,
    obj_description(c.oid, 'pg_class') as comment
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = any ($1) and c.relkind in ('r', 'p', 'f', 'v', 'm')
    and (
        c.relkind in ('f', 'v', 'm')
        or pg_has_role(c.relowner, 'USAGE')
        or has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        or has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
    )
order by c.oid
