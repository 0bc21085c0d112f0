-- An attempt in progress and the last sync are left unchanged.
insert into forebay.sync_metadata as m (entity_type, scope, status, attempt, num_failures, error_code, error, run_id)
values ($1, $2, 'failed', 1, 1, $3, $4, $5)
on conflict (entity_type, scope) do update
set num_failures = m.num_failures + 1,
    error_code = excluded.error_code,
    error = excluded.error,
    run_id = coalesce(excluded.run_id, m.run_id),
    updated_at = now()
where m.status <> 'in_progress'
