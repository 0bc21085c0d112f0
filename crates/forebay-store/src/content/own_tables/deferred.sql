-- The constraints of these tables, and the foreign keys to them, that a transaction may check at its end only.
select distinct format('%I.%I', n.nspname, c.conname) as name
from pg_constraint as c
join pg_namespace as n on n.oid = c.connamespace
where
    c.condeferrable
    and (c.conrelid = any(array(select to_regclass(t.name) from unnest($1::text[]) as t (name)))
        or c.confrelid = any(array(select to_regclass(t.name) from unnest($1::text[]) as t (name))))
order by name
