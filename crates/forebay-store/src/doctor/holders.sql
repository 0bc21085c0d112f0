-- Holders that prevent vacuum from removing dead rows, oldest first.
with
-- Sessions of this database with a snapshot or a transaction id. Without pg_read_all_stats, a role can't see the
-- activity of other roles.
sessions as (
    select 'session' as kind, a.pid, a.application_name as name, a.state,
        greatest(age(a.backend_xmin), age(a.backend_xid)) as age_transactions,
        extract(epoch from clock_timestamp() - a.xact_start)::float8 as held_seconds
    from pg_stat_activity as a
    where a.datname = current_database()
        and a.backend_type = 'client backend'
        and a.pid <> pg_backend_pid()
        and num_nonnulls(a.backend_xmin, a.backend_xid) > 0
),
-- Transactions prepared for two-phase commit and not ended: they outlive their session.
prepared as (
    select 'prepared', null::int, x.gid, null::text, age(x.transaction),
        extract(epoch from clock_timestamp() - x.prepared)::float8
    from pg_prepared_xacts as x
    where x.database = current_database()
),
-- Replication slots, including unused ones.
slots as (
    select 'slot', s.active_pid, s.slot_name::text, case when s.active then 'active' else 'inactive' end,
        greatest(age(s.xmin), age(s.catalog_xmin)), null::float8
    from pg_replication_slots as s
    where num_nonnulls(s.xmin, s.catalog_xmin) > 0
)
select * from sessions
union all
select * from prepared
union all
select * from slots
order by age_transactions desc, pid
limit 20
