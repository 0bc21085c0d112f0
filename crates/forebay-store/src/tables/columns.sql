-- The columns of a table that can be written.
select a.attname::text, format_type(a.atttypid, a.atttypmod), t.typcategory::text, t.typname::text
from pg_attribute as a
join pg_type as t on t.oid = a.atttypid
where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = '' and a.attidentity <> 'a'
