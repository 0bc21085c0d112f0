update forebay.scope_leases
set lease_until = clock_timestamp() + make_interval(secs => $4),
    backend_pid = $5,
    backend_start = $6
where source_id = $1 and scope = $2 and holder = $3
