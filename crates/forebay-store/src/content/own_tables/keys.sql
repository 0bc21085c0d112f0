-- The unique indexes of a table that hold for all rows and only use columns.
select
    c.relname::text as name,
    array(
        select a.attname::text
        from pg_attribute as a
        where a.attrelid = i.indrelid and a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1])
        order by a.attname::text collate "C"
    ) as columns,
    i.indimmediate as is_immediate
from pg_index as i
join pg_class as c on c.oid = i.indexrelid
where i.indrelid = to_regclass($1) and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null
