update forebay.source_schedules
set last_due_at = $4,
    last_run_id = coalesce($6, last_run_id),
    -- A different time comes from a newer declaration.
    next_due_at = case when next_due_at = $4 then $5 else next_due_at end,
    claim = null,
    claimed_until = null,
    claimed_by = null,
    updated_at = now()
where source_id = $1 and scope = $2 and claim = $3
