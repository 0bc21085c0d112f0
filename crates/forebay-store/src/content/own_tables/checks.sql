-- The check constraints of single columns.
select
    c.conname::text as name,
    a.attname::text as column,
    '(' || pg_get_expr(c.conbin, c.conrelid) || ')' as expression
from pg_constraint as c
join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
where c.conrelid = to_regclass($1) and c.contype = 'c' and array_length(c.conkey, 1) = 1
order by c.conname
