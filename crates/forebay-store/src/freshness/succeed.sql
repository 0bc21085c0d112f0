-- A partial sync doesn't change the data of the last whole sync.
update forebay.sync_metadata as m
set status = 'success',
    -- Never moves back: another sync of the scope may have succeeded since.
    last_sync = case when $4 then m.last_sync else greatest(m.last_sync, coalesce($8, now())) end,
    num_records = case when $4 then m.num_records else $5 end,
    source_name = case when $4 then m.source_name else $7 end,
    synced_run_id = case when $4 then m.synced_run_id else $6 end,
    run_id = coalesce($6, m.run_id),
    is_partial = $4,
    num_failures = 0,
    error_code = null,
    error = null,
    holder = null,
    lease_until = null,
    updated_at = now()
where m.entity_type = $1 and m.scope = $2 and m.holder = $3 and m.status = 'in_progress'
returning m.*, coalesce(m.lease_until > now(), false) as is_held
