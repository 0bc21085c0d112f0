-- Adds instead of setting, because batches of a run may commit in any order.
update forebay.scrape_runs
set num_seen = num_seen + $2,
    num_added = num_added + $3,
    num_updated = num_updated + $4,
    num_unchanged = num_unchanged + $5,
    num_removed = num_removed + $6,
    num_restored = num_restored + $7,
    num_duplicate = num_duplicate + $8,
    num_rejected = num_rejected + $9,
    num_handoffs = num_handoffs + $10,
    heartbeat_at = now()
where run_id = $1 and status = 'running'
