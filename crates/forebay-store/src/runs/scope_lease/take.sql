-- Takes the lease on a scope if it is free. A locked row is skipped, not waited for: a transaction of its holder has
-- checked it and will commit, or another process is taking it.
with
free as (
    select l.source_id, l.scope
    from forebay.scope_leases as l
    where l.source_id = $1 and l.scope = $2 and not forebay_private.is_held(l)
    for update skip locked
),
taken as (
    update forebay.scope_leases as l
    set holder = gen_random_uuid(),
        holder_name = $3,
        lease_until = clock_timestamp() + make_interval(secs => $4),
        backend_pid = $5,
        backend_start = $6
    from free as f
    where l.source_id = f.source_id and l.scope = f.scope
    returning l.holder
),
-- The first lease on this scope. Not tried if the row exists: a conflict waits for the transaction that changes it.
added as (
    insert into forebay.scope_leases (source_id, scope, holder, holder_name, lease_until, backend_pid, backend_start)
    select $1::int4, $2::text, gen_random_uuid(), $3::text, clock_timestamp() + make_interval(secs => $4), $5::int4,
        $6::timestamptz
    where not exists (select from forebay.scope_leases as l where l.source_id = $1 and l.scope = $2)
    on conflict (source_id, scope) do nothing
    returning holder
)
select holder from taken
union all
select holder from added
