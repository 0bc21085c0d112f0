update forebay.circuit_breaker_state
set state = $2,
    reason_code = $3,
    changed_at = $4,
    opened_at = $5,
    retry_at = $6,
    num_opened = $7,
    failure_streak = $8,
    num_recovered = $9,
    outcomes = $10,
    outcome_times = $11,
    probes = $12,
    probe_leases = $13,
    updated_at = now()
where source_id = $1
