-- Ends an attempt of a worker that still holds the notification.
update forebay.notifications as n
set state = $3,
    receipt = null,
    lease_until = null,
    num_attempts = n.num_attempts + 1,
    not_before = now() + make_interval(secs => $4),
    settled_at = case when $3 in ('succeeded', 'failed') then now() end,
    failure_class = $5,
    failure_code = $6,
    last_error = $7
where n.notification_id = $1::text::uuid and n.receipt = $2
