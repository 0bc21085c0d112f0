-- The writable columns of a table.
select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as sql_type, t.typcategory::text as category,
    t.typname::text as type_name
from pg_attribute as a
join pg_type as t on t.oid = a.atttypid
where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = '' and a.attidentity <> 'a'
