update forebay.sync_metadata as m
set status = 'failed',
    run_id = coalesce($6, m.run_id),
    num_failures = m.num_failures + 1,
    error_code = $4,
    error = $5,
    holder = null,
    lease_until = null,
    updated_at = now()
where m.entity_type = $1 and m.scope = $2 and m.holder = $3 and m.status = 'in_progress'
returning m.*, coalesce(m.lease_until > now(), false) as is_held
