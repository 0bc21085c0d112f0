-- The rows of a partition count for its partitioned table.
select n.nspname::text as schema_name, t.relname::text as table_name,
    sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::int8 as num_written
from pg_stat_user_tables as s
join pg_class as t on t.oid = coalesce(pg_partition_root(s.relid), s.relid)
join pg_namespace as n on n.oid = t.relnamespace
group by n.nspname, t.relname
order by n.nspname, t.relname
