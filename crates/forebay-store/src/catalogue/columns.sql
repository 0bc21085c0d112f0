-- The columns of the relations $1 on which the role has a right.
with replaced as (
    -- Views whose inserts or updates go through a trigger or a rule, which write whole rows.
    select tgrelid as view_id
    from pg_trigger
    where tgtype & 64 <> 0 and tgtype & 20 <> 0 and not tgisinternal
    union
    select ev_class
    from pg_rewrite
    where is_instead and ev_type in ('2', '3') and ev_qual::text = '<>'
)
select a.attrelid as relation_id, a.attnum as number, a.attname::text as name, a.atttypid as type_id,
    not (a.attnotnull or t.typtype = 'd' and t.typnotnull) as is_nullable,
    a.atthasdef or a.attidentity <> '' as has_default,
    a.attidentity = 'a' or a.attgenerated <> '' as is_generated,
    c.relkind in ('v', 'f') and (
        pg_column_is_updatable(c.oid, a.attnum, false) or c.oid in (select view_id from replaced)
    ) as is_updatable,
    col_description(a.attrelid, a.attnum) as comment
from pg_attribute as a
join pg_class as c on c.oid = a.attrelid
join pg_type as t on t.oid = a.atttypid
where a.attrelid = any ($1) and a.attnum > 0 and not a.attisdropped
    and (
        pg_has_role(c.relowner, 'USAGE')
        or has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES')
    )
order by a.attrelid, a.attnum
