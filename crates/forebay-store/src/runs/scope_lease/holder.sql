select l.holder_name, l.backend_pid, r.run_id, r.started_at
from forebay.scope_leases as l
left join forebay.scrape_runs as r on r.source_id = l.source_id and r.scope = l.scope and r.status = 'running'
where l.source_id = $1 and l.scope = $2 and l.holder is not null
