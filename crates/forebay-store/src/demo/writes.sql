-- A partition counts for the table that it is a part of.
select n.nspname::text, t.relname::text, sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::int8
from pg_stat_user_tables as s
join pg_class as t on t.oid = coalesce(pg_partition_root(s.relid), s.relid)
join pg_namespace as n on n.oid = t.relnamespace
group by n.nspname, t.relname
order by n.nspname, t.relname
