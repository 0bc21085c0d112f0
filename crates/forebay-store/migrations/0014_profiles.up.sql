-- Profiles: relations in a schema of the user's own, named and shaped as existing code expects them. The views of a
-- profile only read. The table sync_metadata of the profile "freshness" can be written as well: each INSERT or UPDATE
-- is the report of a sync, the ledger applies its rules to it, and triggers keep table and ledger equal.

-- Scopes in SQL -------------------------------------------------------------------------------------------------------

create function forebay.scope_of(scope text) returns jsonb
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
return (
    select coalesce(jsonb_object_agg(
        split_part(p.pair, '=', 1),
        -- Each % of a stored scope begins one of these two, so the comma can be decoded first.
        replace(replace(substr(p.pair, strpos(p.pair, '=') + 1), '%2C', ','), '%25', '%')), '{}')
    from unnest(string_to_array(scope, ',')) as p (pair)
);
comment on function forebay.scope_of(text) is 'The pairs of a stored scope as an object; empty: the whole source.';

create function forebay.scope_text(scope jsonb) returns text
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    pairs text;
    problem text;
begin
    if jsonb_typeof(scope) <> 'object' then
        raise exception 'a scope is an object of keys and values' using errcode = 'invalid_parameter_value';
    end if;
    -- The checks and the order are those of the program, so that equal scopes have equal text.
    select string_agg(p.key || '=' || replace(replace(p.value, '%', '%25'), ',', '%2C'), ',' order by p.key collate "C"),
        min(case
            when p.key !~ '^[A-Za-z0-9_.-]{1,64}$' then 'has a key that is not 1 to 64 letters, digits, _, . or -'
            when jsonb_typeof(scope -> p.key) in ('object', 'array') then
                format('has a list or an object as the value of %s', p.key)
            when octet_length(p.value) > 256 then format('has a value of more than 256 bytes for %s', p.key)
            when p.value ~ '[\u0001-\u001f\u007f-\u009f]' then
                format('has a control character, such as a line break, in the value of %s', p.key)
        end)
    into pairs, problem
    from jsonb_each_text(scope) as p
    where p.value is not null;
    if problem is null and octet_length(pairs) > 1024 then
        problem := 'takes more than 1024 bytes as text';
    end if;
    if problem is not null then
        raise exception 'the scope %', problem using errcode = 'invalid_parameter_value';
    end if;
    return coalesce(pairs, '');
end $$;
comment on function forebay.scope_text(jsonb) is
    'The text of a scope as stored, from its pairs as an object; null values are left out.';

-- Syncs of other programs ---------------------------------------------------------------------------------------------

create function forebay.begin_sync(
    entity_type text, scope jsonb default '{}', lease interval default '10 minutes',
    out holder uuid, out attempt bigint, out lease_until timestamptz)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    scope_text text := forebay.scope_text(coalesce(begin_sync.scope, '{}'));
begin
    -- Concurrent callers wait for the row, and the first one's lease then keeps the others out.
    insert into forebay.sync_metadata as m (entity_type, scope, status, attempt, lease_until, holder)
    values (begin_sync.entity_type, scope_text, 'in_progress', 1, now() + begin_sync.lease, gen_random_uuid())
    on conflict on constraint sync_metadata_pkey do update
    set status = 'in_progress',
        attempt = m.attempt + 1,
        started_at = now(),
        updated_at = now(),
        lease_until = excluded.lease_until,
        holder = excluded.holder
    where m.status <> 'in_progress' or m.lease_until <= now()
    returning m.holder, m.attempt, m.lease_until into begin_sync.holder, begin_sync.attempt, begin_sync.lease_until;
    if not found then
        select m.attempt, m.lease_until into begin_sync.attempt, begin_sync.lease_until
        from forebay.sync_metadata as m
        where m.entity_type = begin_sync.entity_type and m.scope = scope_text;
    end if;
end $$;
comment on function forebay.begin_sync(text, jsonb, interval) is
    'Starts a sync unless one is in progress; then holder is null and lease_until says how long that one may take.';

create function forebay.end_sync(
    holder uuid, status text, error text default null, num_records bigint default null,
    synced_at timestamptz default null) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    if end_sync.status is null or end_sync.status not in ('success', 'failed') then
        raise exception 'a sync ends as success or failed, not as %', coalesce(end_sync.status, 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    update forebay.sync_metadata as m
    set status = end_sync.status,
        holder = null,
        lease_until = null,
        updated_at = now(),
        last_sync = case end_sync.status
            -- A clock that is ahead must not make data fresh for longer.
            when 'success' then greatest(m.last_sync, least(end_sync.synced_at, clock_timestamp()))
            else m.last_sync
        end,
        num_records = case end_sync.status when 'success' then end_sync.num_records else m.num_records end,
        source_name = case end_sync.status when 'failed' then m.source_name end,
        synced_run_id = case end_sync.status when 'failed' then m.synced_run_id end,
        is_partial = end_sync.status = 'failed' and m.is_partial,
        num_failures = case end_sync.status when 'failed' then m.num_failures + 1 else 0 end,
        error_code = case end_sync.status when 'failed' then 'sync_failed' end,
        error = case end_sync.status when 'failed' then end_sync.error end
    where m.holder = end_sync.holder and m.status = 'in_progress';
    return found;
end $$;
comment on function forebay.end_sync(uuid, text, text, bigint, timestamptz) is
    'Ends a sync as success or failed; false: the caller no longer holds it. A failure keeps the time of the last sync.';

-- Profiles ------------------------------------------------------------------------------------------------------------

create table forebay.profiles (
    created_at timestamptz not null default now(),
    schema_name text not null constraint profiles_schema_name_check check (schema_name <> ''),
    name text not null constraint profiles_name_check check (name in ('events', 'freshness', 'api')),
    relations text[] not null,
    scope_columns text[] not null default '{}',
    constraint profiles_pkey primary key (schema_name, name)
);
comment on table forebay.profiles is
    'Sets of views and tables in schemas of the user''s own, shaped as existing code expects them.';
comment on column forebay.profiles.created_at is 'When it was created.';
comment on column forebay.profiles.schema_name is 'The schema that contains its views and tables.';
comment on column forebay.profiles.name is 'events, freshness or api.';
comment on column forebay.profiles.relations is 'Its views and tables.';
comment on column forebay.profiles.scope_columns is
    'The scope''s keys that are columns of sync_metadata, in order. Entries with other keys are not in that table.';

-- The scope of a row of a profile's table. Columns that are null are no part of it.
create function forebay_private.row_scope(sync_row jsonb, scope_columns text[]) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
return (
    select forebay.scope_text(coalesce(jsonb_object_agg(c.name, sync_row -> c.name), '{}'))
    from unnest(scope_columns) as c (name)
);

-- Brings the rows of an entry in the tables of all profiles up to date. The caller has locked the entry. A profile that
-- was damaged, or whose row another transaction holds, must not stop the ledger: that transaction brings the row up to
-- date itself when it writes it.
create function forebay_private.show_sync(entity_type text, scope text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '250ms'
as $$
declare
    pairs jsonb := forebay.scope_of(show_sync.scope);
    profile record;
begin
    for profile in
        select c.oid::regclass::text as sync_table,
            string_agg(quote_ident(s.name), ', ' order by s.ord) as columns,
            string_agg(format('$2 ->> %L', s.name), ', ' order by s.ord) as vals,
            string_agg(format('t.%I is not distinct from $2 ->> %L', s.name, s.name), ' and ') as is_same
        from forebay.profiles as p
        join pg_namespace as n on n.nspname = p.schema_name
        -- A table of another role could have triggers, which would run with the rights of this function.
        join pg_class as c on c.relnamespace = n.oid
            and c.relname = 'sync_metadata'
            and c.relkind = 'r'
            and c.relowner = (select l.relowner from pg_class as l where l.oid = 'forebay.sync_metadata'::regclass)
        cross join unnest(p.scope_columns) with ordinality as s (name, ord)
        where p.name = 'freshness'
            and not exists (select from jsonb_object_keys(pairs) as k (name) where k.name <> all (p.scope_columns))
        group by c.oid
    loop
        begin
            if exists (
                select from forebay.sync_metadata as m
                where m.entity_type = show_sync.entity_type and m.scope = show_sync.scope)
            then
                execute format(
                    'insert into %1$s as t (entity_type, %2$s, last_sync, sync_status, error_message)
                    select $1, %3$s, m.last_sync, m.status, case m.status when ''failed'' then m.error end
                    from forebay.sync_metadata as m
                    where m.entity_type = $1 and m.scope = $3
                    on conflict (entity_type, %2$s) do update
                    set last_sync = excluded.last_sync,
                        sync_status = excluded.sync_status,
                        error_message = excluded.error_message
                    where (t.last_sync, t.sync_status, t.error_message)
                        is distinct from (excluded.last_sync, excluded.sync_status, excluded.error_message)',
                    profile.sync_table, profile.columns, profile.vals)
                using show_sync.entity_type, pairs, show_sync.scope;
            else
                execute format(
                    'delete from %s as t where t.entity_type = $1 and %s', profile.sync_table, profile.is_same)
                using show_sync.entity_type, pairs;
            end if;
        exception
            when lock_not_available then
                null;
            when others then
                raise warning 'the table % of a profile was not updated: %', profile.sync_table, sqlerrm
                    using hint = 'Create the profile again: forebay db profile create freshness';
        end;
    end loop;
end $$;

create function forebay_private.show_changed_sync() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A heartbeat changes nothing that the tables of profiles show.
    if tg_op <> 'UPDATE'
        or (new.status, new.last_sync, new.error) is distinct from (old.status, old.last_sync, old.error)
    then
        perform forebay_private.show_sync(
            coalesce(new.entity_type, old.entity_type), coalesce(new.scope, old.scope));
    end if;
    return null;
end $$;

create trigger sync_metadata_show after insert or update or delete on forebay.sync_metadata
    for each row execute function forebay_private.show_changed_sync();

-- Applies the report of a service that knows neither attempts nor receipts. Its attempt has a holder that is computed
-- from the entry, so all such services share it, and a lease of an hour. An attempt that somebody else holds is left
-- alone: a success still moves the time of the last sync.
create function forebay_private.report_sync(
    entity_type text, scope text, status text, synced_at timestamptz, error text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    service uuid := forebay.reference_id('sync_metadata/' || report_sync.entity_type, report_sync.scope);
begin
    if report_sync.status = 'in_progress' then
        insert into forebay.sync_metadata as m (entity_type, scope, status, attempt, lease_until, holder)
        values (report_sync.entity_type, report_sync.scope, 'in_progress', 1, now() + interval '1 hour', service)
        on conflict on constraint sync_metadata_pkey do update
        set status = 'in_progress',
            -- A second report extends the lease of the first.
            attempt = m.attempt + (m.holder is distinct from service or m.lease_until <= now())::int,
            started_at = case when m.holder = service and m.lease_until > now() then m.started_at else now() end,
            updated_at = now(),
            lease_until = excluded.lease_until,
            holder = excluded.holder
        where m.status <> 'in_progress' or m.lease_until <= now() or m.holder = service;
    elsif report_sync.status = 'success' then
        insert into forebay.sync_metadata as m (entity_type, scope, status, attempt, last_sync)
        values (report_sync.entity_type, report_sync.scope, 'success', 1, report_sync.synced_at)
        on conflict on constraint sync_metadata_pkey do update
        set status = case when m.holder <> service and m.lease_until > now() then m.status else 'success' end,
            holder = case when m.holder <> service and m.lease_until > now() then m.holder end,
            lease_until = case when m.holder <> service and m.lease_until > now() then m.lease_until end,
            -- A caller that found the entry stale before this report uses its result instead of syncing again.
            attempt = m.attempt + (m.status <> 'in_progress')::int,
            last_sync = greatest(m.last_sync, excluded.last_sync),
            num_records = case when m.last_sync >= excluded.last_sync then m.num_records end,
            synced_run_id = case when m.last_sync >= excluded.last_sync then m.synced_run_id end,
            source_name = case when m.last_sync >= excluded.last_sync then m.source_name end,
            is_partial = false,
            num_failures = 0,
            error_code = null,
            error = null,
            updated_at = now();
    else
        insert into forebay.sync_metadata as m (entity_type, scope, status, attempt, num_failures, error_code, error)
        values (report_sync.entity_type, report_sync.scope, 'failed', 1, 1, 'sync_failed', report_sync.error)
        on conflict on constraint sync_metadata_pkey do update
        set status = 'failed',
            attempt = m.attempt + (m.status <> 'in_progress')::int,
            num_failures = m.num_failures + 1,
            error_code = excluded.error_code,
            error = excluded.error,
            holder = null,
            lease_until = null,
            updated_at = now()
        where m.status <> 'in_progress' or m.lease_until <= now() or m.holder = service;
    end if;
end $$;

-- Before a row of a profile's table is written: sets what the ledger's rules make of it, for RETURNING and EXCLUDED.
-- It writes nothing, because INSERT … ON CONFLICT calls it also for the row that is not inserted. The arguments of the
-- trigger are the scope's columns.
create function forebay_private.check_sync_row() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    entry forebay.sync_metadata;
    is_repeated boolean;
begin
    select m.* into entry
    from forebay.sync_metadata as m
    where m.entity_type = new.entity_type and m.scope = forebay_private.row_scope(to_jsonb(new), tg_argv);
    if new.sync_status = 'success' then
        new.error_message := null;
        -- A row with the ledger's own values is the ledger's, or was reported before.
        is_repeated := entry.status = 'success' and entry.last_sync is not distinct from new.last_sync;
        if is_repeated is not true then
            if tg_op = 'UPDATE' and old.last_sync is not distinct from new.last_sync then
                -- The statement sets only the status.
                new.last_sync := null;
            end if;
            -- A clock that is ahead must not make data fresh for longer.
            new.last_sync := least(new.last_sync, clock_timestamp());
            -- In the row of an INSERT, the time of the statement stays: as EXCLUDED it is compared with the stored one.
            if tg_op = 'UPDATE' then
                new.last_sync := greatest(entry.last_sync, new.last_sync);
            end if;
        end if;
    else
        new.last_sync := entry.last_sync;
        if new.sync_status = 'in_progress' then
            new.error_message := null;
        end if;
    end if;
    return new;
end $$;

-- After a row of a profile's table was written: reports it to the ledger, unless the ledger wrote it.
create function forebay_private.report_sync_row() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    old_scope text;
    new_scope text;
    is_known boolean;
begin
    if tg_op <> 'INSERT' then
        old_scope := forebay_private.row_scope(to_jsonb(old), tg_argv);
    end if;
    if tg_op <> 'DELETE' then
        new_scope := forebay_private.row_scope(to_jsonb(new), tg_argv);
    end if;
    if tg_op = 'DELETE' or (tg_op = 'UPDATE' and (old.entity_type, old_scope) <> (new.entity_type, new_scope)) then
        delete from forebay.sync_metadata as m where m.entity_type = old.entity_type and m.scope = old_scope;
    end if;
    if tg_op = 'DELETE' then
        return null;
    end if;
    is_known := exists (
        select from forebay.sync_metadata as m
        where m.entity_type = new.entity_type
            and m.scope = new_scope
            and (m.status, m.last_sync, case m.status when 'failed' then m.error end)
                is not distinct from (new.sync_status, new.last_sync, new.error_message));
    -- The ledger never writes a row without changing it, and a repeated success was counted before.
    if not is_known or (tg_op = 'UPDATE' and new is not distinct from old and new.sync_status <> 'success') then
        perform forebay_private.report_sync(
            new.entity_type, new_scope, new.sync_status, new.last_sync, new.error_message);
        -- If the report changed nothing, the row has to.
        perform forebay_private.show_sync(new.entity_type, new_scope);
    end if;
    return null;
end $$;

-- The objects of a profile, with the statement that drops each, in order. Their comments say whose they are; an object
-- of another role is never the profile's.
create function forebay_private.profile_objects(schema_name text, profile_name text)
returns table (kind text, name text, statement text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select o.kind, o.name, format('drop %s %s', o.kind, o.name)
    from (
        select 1 as step, 'function' as kind, f.oid::regprocedure::text as name, f.pronamespace as namespace,
            f.proowner as owner, obj_description(f.oid, 'pg_proc') as comment
        from pg_proc as f
        union all
        select 2, case c.relkind when 'v' then 'view' else 'table' end, c.oid::regclass::text, c.relnamespace, c.relowner,
            obj_description(c.oid, 'pg_class')
        from pg_class as c
        where c.relkind in ('r', 'v')
    ) as o
    join pg_namespace as n on n.oid = o.namespace
    where n.nspname = profile_objects.schema_name
        and starts_with(o.comment, format('Forebay profile %s:', profile_objects.profile_name))
        and o.owner = (select c.relowner from pg_class as c where c.oid = 'forebay.sync_metadata'::regclass)
    order by o.step, o.name
$$;

-- Drops a profile, and fails if something of the user's depends on it. The data stays.
create function forebay_private.drop_profile(schema_name text, profile_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    statement text;
begin
    for statement in
        select o.statement
        from forebay_private.profile_objects(drop_profile.schema_name, drop_profile.profile_name) as o
    loop
        execute statement;
    end loop;
    delete from forebay.profiles as p
    where p.schema_name = drop_profile.schema_name and p.name = drop_profile.profile_name;
end $$;

-- Opens the profile "api" to the roles that read an API, whatever default privileges have granted. Anon gets nothing.
create function forebay_private.open_profile(schema_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    statement text;
begin
    for statement in
        select format('grant usage on schema %I to %I', open_profile.schema_name, r.rolname)
        from pg_roles as r
        where r.rolname in ('authenticated', 'service_role', 'forebay_reader')
        union all
        select format('revoke all on %s %s from %s', k.kind, o.name, r.role_name)
        from forebay_private.profile_objects(open_profile.schema_name, 'api') as o
        cross join lateral (select case o.kind when 'view' then 'table' else o.kind end) as k (kind)
        cross join (
            select 'public' as role_name
            union all
            select a.rolname from pg_roles as a where a.rolname in ('anon', 'authenticated', 'service_role')
        ) as r
        union all
        select format('grant %s on %s to %I',
            case o.kind when 'view' then 'select' else 'execute' end,
            case o.kind when 'view' then o.name else 'function ' || o.name end,
            r.rolname)
        from forebay_private.profile_objects(open_profile.schema_name, 'api') as o
        cross join pg_roles as r
        where r.rolname in ('authenticated', 'service_role', 'forebay_reader')
    loop
        execute statement;
    end loop;
end $$;

revoke all on all functions in schema forebay, forebay_private from public;
select forebay_private.apply_access();
