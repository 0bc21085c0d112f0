-- All notifiers with their alerts, what waits, and how the last attempts ended.
select n.notifier_id, n.project, n.name, n.kind, n.observed_at,
    (
        select count(*) from forebay.notifier_alerts as a where a.notifier_id = n.notifier_id and a.is_firing
    ) as num_firing,
    w.num_waiting, w.waiting_since, s.num_failed, s.succeeded_at, s.failed_at,
    case when w.num_waiting > 0 then o.failure_code else f.failure_code end as failure_code,
    case when w.num_waiting > 0 then o.last_error else f.last_error end as last_error
from forebay.notifiers as n
cross join lateral (
    select count(*) as num_waiting, min(w.created_at) as waiting_since
    from forebay.notifications as w
    where w.notifier_id = n.notifier_id and w.settled_at is null
) as w
cross join lateral (
    select count(*) filter (where s.state = 'failed') as num_failed,
        max(s.settled_at) filter (where s.state = 'succeeded') as succeeded_at,
        max(s.settled_at) filter (where s.state = 'failed') as failed_at
    from forebay.notifications as s
    where s.notifier_id = n.notifier_id and s.settled_at is not null
) as s
-- The one that is sent next.
left join lateral (
    select o.failure_code, o.last_error
    from forebay.notifications as o
    where o.notifier_id = n.notifier_id and o.settled_at is null
    order by o.created_at, o.notification_id
    limit 1
) as o on true
-- The last one that ended, if it failed.
left join lateral (
    select e.failure_code, e.last_error, e.state
    from forebay.notifications as e
    where e.notifier_id = n.notifier_id and e.settled_at is not null
    order by e.settled_at desc, e.created_at desc
    limit 1
) as f on f.state = 'failed'
order by n.project, n.name
