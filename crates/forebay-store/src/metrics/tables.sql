-- The tables that grow, from the server's statistics: it costs the same however much is stored. Partitions count as
-- their table, but not what was written to them: a month that is dropped takes its counts along, and a counter must
-- not fall.
select coalesce(parent.relname, c.relname)::text as table_name,
    case when bool_and(i.inhrelid is null) then sum(s.n_tup_ins)::bigint end as num_inserted,
    case when bool_and(i.inhrelid is null) then sum(s.n_tup_upd)::bigint end as num_updated,
    case when bool_and(i.inhrelid is null) then sum(s.n_tup_del)::bigint end as num_deleted,
    sum(s.n_live_tup)::bigint as num_live, sum(s.n_dead_tup)::bigint as num_dead,
    sum(pg_total_relation_size(c.oid))::bigint as num_bytes
from pg_stat_all_tables as s
join pg_class as c on c.oid = s.relid
left join pg_inherits as i on i.inhrelid = c.oid
left join pg_class as parent on parent.oid = i.inhparent
where s.schemaname = 'forebay' and coalesce(parent.relname, c.relname) = any ($1)
group by 1
order by 1
