select r.run_id, r.source_id, s.name as source, r.scope, r.status, r.reason_code, r.message, r.is_complete, r.guards,
    r.with_handoffs, r.engine, r.input, r.observed_at, r.started_at, r.ended_at, r.duration_ms,
    r.num_seen, r.num_added, r.num_updated, r.num_unchanged, r.num_removed, r.num_restored, r.num_duplicate,
    r.num_rejected, r.num_handoffs,
    case when r.status = 'held' then r.num_withheld else 0 end as num_withheld, r.num_rekeyed,
    r.reverted_by,
    coalesce(f.names, '{}') as field_names, coalesce(f.shares, '{}') as shares, r.num_requests, r.num_not_modified, r.bytes_received,
    case when $3::int8 is not null then r.hosts else '[]' end as hosts
from forebay.scrape_runs as r
join forebay.sources as s using (source_id)
left join lateral (
    select array_agg(f.field_name order by f.field_name) as names, array_agg(f.coverage order by f.field_name) as shares
    from forebay.scrape_run_fields as f
    where f.run_id = r.run_id
) as f on true
where ($1::text is null or s.name = $1)
    and ($2::text is null or r.status = $2)
    and ($3::int8 is null or r.run_id = $3)
    and ($5::int8 is null or r.run_id < $5)
    and ($6::timestamptz is null or r.started_at >= $6)
order by r.run_id desc
limit $4
