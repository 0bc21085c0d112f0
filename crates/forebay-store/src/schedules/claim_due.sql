with
-- Due and unclaimed schedules. Another worker that asks at the same moment skips rows locked here. Locking reads the
-- row again, so a schedule that was just claimed isn't claimed twice.
due as materialized (
    select c.source_id, c.scope
    from forebay.source_schedules as c
    where c.enabled
        and c.next_due_at <= $1
        and (c.claimed_until is null or c.claimed_until <= $1)
        -- Sources that this worker can't scrape are left to others, and so are sources that were disabled after this
        -- worker read its configuration.
        and exists (
            select from forebay.sources as s
            where s.source_id = c.source_id and (s.name = any($5) and s.enabled or s.name = any($6))
        )
    order by c.next_due_at, c.source_id, c.scope
    limit $4
    for update of c skip locked
)
update forebay.source_schedules as c
set claimed_until = $2, claimed_by = $3, claim = gen_random_uuid(), updated_at = now()
from due as d, forebay.sources as s
where c.source_id = d.source_id and c.scope = d.scope and s.source_id = c.source_id
returning c.source_id, s.name as source_name, c.scope, c.expression, c.time_zone, c.jitter_seconds, c.enabled and (s.enabled or s.fallback <> '{}') as enabled,
    c.next_due_at, c.last_due_at, c.last_run_id, c.claimed_until, c.claimed_by,
    c.claim
