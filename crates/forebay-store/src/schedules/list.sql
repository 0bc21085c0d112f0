-- The schedule of a disabled source runs its fallbacks.
select c.source_id, s.name as source_name, c.scope, c.expression, c.time_zone, c.jitter_seconds, c.enabled and (s.enabled or s.fallback <> '{}') as enabled,
    c.next_due_at, c.last_due_at, c.last_run_id, c.claimed_until, c.claimed_by
from forebay.source_schedules as c
join forebay.sources as s using (source_id)
order by s.name, c.scope
