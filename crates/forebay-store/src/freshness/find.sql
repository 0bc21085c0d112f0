select m.entity_type, m.scope, m.status, m.attempt, m.last_sync, m.started_at, m.updated_at, m.lease_until,
    coalesce(m.lease_until > now(), false), m.is_partial, m.num_failures, m.num_records, m.run_id, m.source_name,
    m.error_code, m.error
from forebay.sync_metadata as m
where m.entity_type = $1 and m.scope = $2
