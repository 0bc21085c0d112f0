-- Begins a request, unless its key is in use: it is in progress, was answered within its time, or belongs to another
-- request.
insert into forebay.api_requests as r (caller, idempotency_key, fingerprint, lease_until, receipt)
values ($1, $2, $3, now() + make_interval(secs => $4), gen_random_uuid())
on conflict (caller, idempotency_key) do update
set began_at = excluded.began_at,
    fingerprint = excluded.fingerprint,
    lease_until = excluded.lease_until,
    receipt = excluded.receipt,
    status = null,
    content_type = null,
    body = null
where r.began_at <= now() - make_interval(secs => $5)
    -- The server that carried it out has died.
    or (r.lease_until <= now() and r.fingerprint = excluded.fingerprint)
returning r.receipt
