-- The caller holds the scope, so every other run in it is dead.
update forebay.scrape_runs
set status = 'aborted',
    reason_code = 'process_died',
    message = 'its process ended without closing it; the batches that it wrote are kept',
    ended_at = now(),
    duration_ms = extract(epoch from heartbeat_at - started_at) * 1000
where source_id = $1 and scope = $2 and status = 'running'
returning run_id
