-- Claims the oldest open notification of a notifier, if it is due and no live worker has it.
with
oldest as materialized (
    select n.notification_id
    from forebay.notifications as n
    where n.notifier_id = $1 and n.settled_at is null
    order by n.created_at, n.notification_id
    limit 1
),
due as materialized (
    select n.notification_id, n.receipt, n.num_lost
    from forebay.notifications as n
    where n.notification_id in (select o.notification_id from oldest as o)
        and n.settled_at is null
        and n.not_before <= now()
        and (n.lease_until is null or n.lease_until <= now())
    for no key update skip locked
)
update forebay.notifications as n
set receipt = gen_random_uuid(),
    lease_until = now() + make_interval(secs => $3),
    worker = $2,
    -- A claim that was still there belonged to a worker that died.
    num_lost = d.num_lost + case when d.receipt is null then 0 else 1 end
from due as d
where n.notification_id = d.notification_id
returning n.notification_id::text as notification_id, n.receipt, n.content, n.created_at, n.num_attempts, n.num_lost,
    now() as now
