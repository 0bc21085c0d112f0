-- The status, holder and lease of an attempt in progress are kept; a failure before the sync is cleared.
insert into forebay.sync_metadata as m (entity_type, scope, status, attempt, last_sync, num_records, run_id, synced_run_id,
    source_name)
values ($1, $2, 'success', 1, $3, $4, $5, $5, $6)
on conflict (entity_type, scope) do update
set status = case m.status when 'in_progress' then m.status else 'success' end,
    last_sync = excluded.last_sync,
    num_records = excluded.num_records,
    run_id = coalesce(excluded.run_id, m.run_id),
    synced_run_id = excluded.synced_run_id,
    source_name = excluded.source_name,
    is_partial = false,
    num_failures = 0,
    error_code = null,
    error = null,
    updated_at = now()
where m.last_sync is null or m.last_sync < excluded.last_sync
