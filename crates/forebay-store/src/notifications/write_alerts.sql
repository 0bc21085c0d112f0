-- The alerts of a notifier. What has not changed is not written.
insert into forebay.notifier_alerts as a (notifier_id, event, subject, since, changed_at, told_at, is_firing, alert)
select $1, n.event, n.subject, n.since, n.changed_at, n.told_at, n.is_firing, n.alert
from unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::boolean[],
    $8::jsonb[]) as n (event, subject, since, changed_at, told_at, is_firing, alert)
on conflict (notifier_id, event, subject) do update
set since = excluded.since,
    changed_at = excluded.changed_at,
    told_at = excluded.told_at,
    is_firing = excluded.is_firing,
    alert = excluded.alert
where (a.since, a.changed_at, a.told_at, a.is_firing)
    is distinct from (excluded.since, excluded.changed_at, excluded.told_at, excluded.is_firing)
