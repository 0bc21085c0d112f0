-- The check constraints of single columns and of their domains, with the name by which each expression reads the value.
select
    c.conname::text as name,
    a.attname::text as column,
    a.attname::text as value_name,
    '(' || pg_get_expr(c.conbin, c.conrelid) || ')' as expression
from pg_constraint as c
join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
where c.conrelid = to_regclass($1) and c.contype = 'c' and array_length(c.conkey, 1) = 1
union all
select
    c.conname::text,
    a.attname::text,
    'value',
    '(' || pg_get_expr(c.conbin, 0) || ')'
from pg_attribute as a
join pg_constraint as c on c.contypid = a.atttypid and c.contype = 'c'
where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
order by name
