-- The columns of a table, with what a value needs to fit.
select
    a.attname::text as name,
    format_type(a.atttypid, a.atttypmod) as sql_type,
    -- Of a domain, the type under it, without its constraints. With -1, a char(n) is bpchar; with null, it would be
    -- character, which as a cast is char(1).
    format_type(coalesce(b.oid, t.oid), -1) as base_type,
    coalesce(b.typname, t.typname)::text as base,
    coalesce(b.typcategory, t.typcategory)::text as category,
    -- The length of a text in characters; its modifier includes a header of 4 bytes.
    nullif(case t.typtype when 'd' then t.typtypmod else a.atttypmod end, -1) - 4 as max_length,
    array(select e.enumlabel::text from pg_enum as e where e.enumtypid = coalesce(b.oid, t.oid)) as labels,
    a.attnotnull or t.typnotnull as is_not_null,
    a.atthasdef or a.attidentity <> '' as has_default,
    a.attgenerated = '' and a.attidentity <> 'a' as is_writable
from pg_attribute as a
join pg_type as t on t.oid = a.atttypid
left join pg_type as b on b.oid = nullif(t.typbasetype, 0)
where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
