-- The notifier, locked, if its alerts should be compared with the database now. Another worker that has the lock does
-- it.
with
due as materialized (
    select n.notifier_id
    from forebay.notifiers as n
    where n.notifier_id = $1
        and (n.observed_at is null
            or n.observed_at <= now() - make_interval(secs => $2)
            -- What an operator should hear of at once.
            or exists (
                select from forebay.scrape_runs as r where r.status = 'held' and r.ended_at > n.observed_at)
            or exists (
                select from forebay.circuit_breaker_state as b where b.changed_at > n.observed_at))
    for no key update skip locked
)
update forebay.notifiers as n
set observed_at = now()
from due as d
where n.notifier_id = d.notifier_id
returning now() as now
