-- All workers with what they have claimed, including claims under a name without a row, and without a name.
with
held as (
    select c.worker, count(*) as num_claims, sum(c.num_open)::bigint as num_handoffs, max(c.lease_until) as lease_until,
        min(c.claimed_at) as first_claimed_at, max(c.claimed_at) as last_claimed_at, array_agg(distinct p.name) as pipelines
    from forebay.ingestion_claims as c
    join forebay.pipelines as p using (pipeline_id)
    where c.num_open > 0 and ($1::text is null or c.worker = $1)
    group by c.worker
)
select worker, w.host, w.pid, w.version,
    case
        when w.version is not null and w.last_seen_at > now() - make_interval(secs => $2) then w.state
        when w.version is null and (h.lease_until > now() or w.last_seen_at > now() - make_interval(secs => $3)) then 'working'
        else 'dead'
    end as state,
    coalesce(w.pipelines, h.pipelines) as pipelines, w.clock_skew_ms,
    coalesce(w.started_at, h.first_claimed_at) as started_at, coalesce(w.last_seen_at, h.last_claimed_at) as last_seen_at,
    extract(epoch from now() - coalesce(w.last_seen_at, h.last_claimed_at))::float8 as unseen_seconds,
    coalesce(h.num_claims, 0) as num_claims, coalesce(h.num_handoffs, 0) as num_handoffs, h.lease_until
from (select * from forebay.workers as f where $1::text is null or f.worker = $1) as w
full join held as h using (worker)
order by worker
