-- Ends an abandoned lease and keeps its row locked until the transaction ends, so nobody can take the scope.
with
free as (
    select l.source_id, l.scope
    from forebay.scope_leases as l
    where l.source_id = $1 and l.scope = $2 and not forebay_private.is_held(l)
    for update skip locked
),
freed as (
    update forebay.scope_leases as l
    set holder = null
    from free as f
    where l.source_id = f.source_id and l.scope = f.scope
    returning l.source_id
),
added as (
    insert into forebay.scope_leases (source_id, scope, lease_until)
    select $1::int4, $2::text, clock_timestamp()
    where not exists (select from forebay.scope_leases as l where l.source_id = $1 and l.scope = $2)
    on conflict (source_id, scope) do nothing
    returning source_id
)
select exists (select from freed union all select from added) as is_locked
