-- Of all callers that have read attempt $3, one gets the next: the first locks the row, and the others then see a
-- different number. An attempt in progress is left alone until its lease expires.
insert into forebay.sync_metadata as m (entity_type, scope, status, attempt, lease_until, holder)
values ($1, $2, 'in_progress', $3::int8 + 1, now() + make_interval(secs => $4), gen_random_uuid())
on conflict (entity_type, scope) do update
set status = 'in_progress',
    attempt = m.attempt + 1,
    started_at = now(),
    updated_at = now(),
    lease_until = excluded.lease_until,
    holder = excluded.holder
where m.attempt = $3 and (m.status in ('success', 'failed') or m.lease_until <= now())
returning m.*, coalesce(m.lease_until > now(), false) as is_held
