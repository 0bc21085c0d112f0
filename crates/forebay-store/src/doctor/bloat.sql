-- Row counts of the hot tables from the statistics: live rows, and dead rows that are not vacuumed.
select s.relname::text as table_name, s.n_live_tup as num_live, s.n_dead_tup as num_dead
from pg_stat_all_tables as s
where s.schemaname = 'forebay' and s.relname in ('ingestion_handoffs', 'ingestion_outcomes', 'references')
order by s.relname
