-- The server as seen by this connection. Needs no Forebay schema.
select
    current_setting('server_version') as version,
    current_setting('server_version_num')::int as version_number,
    current_user::text as role_name,
    pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool as is_read_only,
    clock_timestamp() as now,
    current_setting('autovacuum')::bool as has_autovacuum,
    exists (select from pg_extension as e where e.extname = 'vector') as has_vector,
    to_regrole('forebay_worker') is not null as has_worker_role
