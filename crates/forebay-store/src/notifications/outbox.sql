-- Notifications, newest first: those that wait or failed, or all.
select n.notification_id::text as notification_id, r.project, r.name, r.kind, n.state, n.created_at, n.settled_at,
    n.num_attempts, n.failure_class, n.failure_code, n.last_error, n.content,
    coalesce(n.lease_until > now(), false) as is_active,
    case when n.settled_at is null then n.not_before end as next_attempt_at
from forebay.notifications as n
join forebay.notifiers as r using (notifier_id)
where $1 or n.state <> 'succeeded'
order by n.created_at desc, n.notification_id
limit $2
