-- Who may read and write. Row-level security is on for every table, partitions included, so a grant alone opens
-- nothing. The owner and the members of its role work as before; any other role needs a policy, and each policy names
-- its role:
--
-- service_role                  reads and writes everything, and calls every function
-- forebay_reader                reads everything
-- authenticated, with app_metadata.role = admin in its JWT: reads everything
-- authenticated                 reads what is published: active references of published sources, their revisions, and
--                               the views of runs and syncs below
-- forebay_worker                calls the functions of 0010_workers, and those that read no table
-- anon and public               nothing
--
-- Nobody but service_role reads or writes the tables of secrets (protected_tables: is_secret).
--
-- service_role, authenticated and anon are Supabase's. Where they don't exist, there are no policies for them; `forebay
-- db up --rls` creates them. A migration that adds a table, view or function ends with "select
-- forebay_private.apply_access()".

-- The sources whose references a role may read through the API, given the role in its JWT. It runs with the rights of
-- its owner, because the callers of the policy below may not read forebay.sources.
create function forebay_private.visible_sources(claimed_role text) returns setof int
language sql stable security definer parallel safe
set search_path = pg_catalog, pg_temp
begin atomic
    select s.source_id from forebay.sources as s where s.is_published or visible_sources.claimed_role = 'admin';
end;

-- What the readers of an API see of published sources, their runs and their syncs: these columns of these rows. The
-- views read with the rights of their owner, because these roles may not read the tables. Each has a join or an offset,
-- so none can be written through. The views of `forebay db profile create api` use them.
create view forebay_private.published_sources with (security_barrier = true) as
    select s.source_id, s.name, s.entity_type from forebay.sources as s where s.is_published offset 0;

create view forebay_private.published_runs with (security_barrier = true) as
    select r.run_id, s.name as source_name, r.scope, r.status, r.is_complete, r.engine, r.observed_at, r.started_at,
        r.ended_at, r.duration_ms, r.num_seen, r.num_added, r.num_updated, r.num_unchanged, r.num_removed,
        r.num_restored, r.num_rejected
    from forebay.scrape_runs as r
    join forebay.sources as s using (source_id)
    where s.is_published;

create view forebay_private.published_run_fields with (security_barrier = true) as
    select f.run_id, f.field_name, f.coverage
    from forebay.scrape_run_fields as f
    join forebay.scrape_runs as r using (run_id)
    join forebay.sources as s using (source_id)
    where s.is_published;

create view forebay_private.published_syncs with (security_barrier = true) as
    select m.entity_type, m.scope, m.status, m.last_sync, m.is_partial, m.num_records
    from forebay.sync_metadata as m
    where exists (select from forebay.sources as s where s.is_published and s.entity_type = m.entity_type)
    offset 0;

create view forebay_private.published_aliases with (security_barrier = true) as
    select a.alias_id, a.reference_id
    from forebay.reference_aliases as a
    join forebay.sources as s using (source_id)
    where s.is_published;

-- The tables of Forebay, without partitions, with the condition under which an authenticated role reads a row. The
-- claim and the list of sources are read once for each statement, not for each row. is_secret: only the service role
-- reads it.
create function forebay_private.protected_tables()
returns table (table_oid oid, table_name text, condition text, is_secret boolean)
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select c.oid, c.relname::text,
        case c.relname
            when 'references' then
                'source_id = any (array(select v.source_id from forebay_private.visible_sources('
                    || a.claim || ') as v (source_id))) and (removed_at is null or ' || a.claim || ' = ''admin'')'
            -- The policy of the references applies in it.
            when 'reference_revisions' then
                'exists (select from forebay."references" as r where r.reference_id = reference_revisions.reference_id)'
            else a.claim || ' = ''admin'''
        end,
        c.relname in ('api_requests', 'api_tokens')
    from pg_class as c
    cross join (values ('((select auth.jwt()) -> ''app_metadata'' ->> ''role'')')) as a (claim)
    where c.relnamespace = 'forebay'::regnamespace
        and c.relkind in ('r', 'p')
        and not c.relispartition
        and c.relowner = (select s.relowner from pg_class as s where s.oid = 'forebay.sources'::regclass);
end;

-- The functions that can be called. is_readable: it reads with the rights of its caller, so policies decide what it
-- finds; or a policy or a view calls it. is_pure: it reads no table.
create function forebay_private.callable_functions() returns table (function_oid oid, is_readable boolean, is_pure boolean)
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
    select f.oid,
        case n.nspname
            when 'forebay' then f.provolatile <> 'v' and not f.prosecdef
            else f.proname in ('visible_sources', 'source_names')
        end,
        n.nspname = 'forebay' and f.provolatile = 'i'
    from pg_proc as f
    join pg_namespace as n on n.oid = f.pronamespace
    where n.nspname in ('forebay', 'forebay_private') and f.prorettype <> 'trigger'::regtype;
end;

-- What anon, authenticated and public have on Forebay's objects and should not, for example through Supabase's default
-- privileges or the grants that its dashboard suggests. kind: table (or view), sequence or function. Its body is text,
-- because Postgres writes a parsed one differently after a dump is restored, and the doctor compares it.
create function forebay_private.stray_grants() returns table (kind text, object_name text, grantee text)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with
    -- is_reader: it may read, because policies decide what it sees.
    closed as materialized (
        select 0::oid as role_oid, 'public' as role_name, false as is_reader
        union all
        select r.oid, r.oid::regrole::text, r.rolname = 'authenticated' and to_regprocedure('auth.jwt()') is not null
        from pg_roles as r
        where r.rolname in ('anon', 'authenticated')
    ),
    secret as materialized (
        select t.table_oid from forebay_private.protected_tables() as t where t.is_secret
    )
    select distinct case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::regclass::text, k.role_name
    from pg_class as c
    cross join lateral (
        select e.grantee, e.privilege_type from aclexplode(c.relacl) as e
        union all
        select e.grantee, 'column'
        from pg_attribute as t
        cross join lateral aclexplode(t.attacl) as e
        where t.attrelid = c.oid
    ) as a
    join closed as k on k.role_oid = a.grantee
    where c.relnamespace in ('forebay'::regnamespace, 'forebay_private'::regnamespace)
        and c.relkind in ('r', 'p', 'v', 'm', 'S')
        and not (k.is_reader and a.privilege_type = 'SELECT' and c.relkind <> 'S' and not c.relispartition
            and c.oid not in (select s.table_oid from secret as s))
    union all
    select distinct 'function', f.oid::regprocedure::text, k.role_name
    from forebay_private.callable_functions() as l
    join pg_proc as f on f.oid = l.function_oid
    -- Without a list of rights, everybody may call a function.
    cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a
    join closed as k on k.role_oid = a.grantee
    where not (k.is_reader and l.is_readable);
$$;

-- Turns row-level security on, creates missing policies for the roles that exist, takes back stray grants, and grants
-- what the roles need. It changes only what differs, so it locks nothing when all is well. It treats everything in the
-- two schemas as Forebay's.
create function forebay_private.apply_access() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Policies for authenticated read the JWT.
    has_jwt boolean := to_regprocedure('auth.jwt()') is not null;
    readers name[] := array(
        select r.rolname from pg_roles as r
        where r.rolname in ('service_role', 'forebay_reader') or (r.rolname = 'authenticated' and has_jwt));
    todo record;
begin
    for todo in
        select format('alter table forebay.%I enable row level security', t.table_name) as statement
        from forebay_private.protected_tables() as t
        join pg_class as c on c.oid = t.table_oid
        where not c.relrowsecurity
        union all
        select format('select forebay_private.close_table(%L)', c.oid)
        from pg_class as c
        where c.relnamespace = 'forebay'::regnamespace
            and c.relispartition and c.relkind in ('r', 'p')
            and (not c.relrowsecurity
                or exists (select from aclexplode(c.relacl) as a where a.grantee <> c.relowner))
        union all
        select format('create policy %I on forebay.%I for %s to %I using (%s)',
            p.policy_name, t.table_name, p.command, p.role_name, p.condition)
        from forebay_private.protected_tables() as t
        cross join lateral (values
            ('forebay_service', 'all', 'service_role', 'true'),
            ('forebay_reader', 'select', 'forebay_reader', 'true'),
            ('forebay_authenticated', 'select', 'authenticated', t.condition)
        ) as p (policy_name, command, role_name, condition)
        where p.role_name = any (readers)
            and (p.role_name = 'service_role' or not t.is_secret)
            and not exists (
                select from pg_policy as y where y.polrelid = t.table_oid and y.polname = p.policy_name)
    loop
        execute todo.statement;
    end loop;

    -- Taking back comes first: "revoke all" would take what is granted below.
    for todo in
        select format('revoke all on %s %s from %s', g.kind, g.object_name, g.grantee) as statement
        from forebay_private.stray_grants() as g
    loop
        execute todo.statement;
    end loop;

    for todo in
        select format('grant usage on schema %s to %I', s.schema_name, r.role_name) as statement
        from unnest(readers) as r (role_name)
        join (values ('forebay'), ('forebay_private')) as s (schema_name)
            on s.schema_name = 'forebay' or r.role_name = 'service_role'
        where not has_schema_privilege(r.role_name, s.schema_name, 'usage')
        union all
        select format('grant %s on %s to %I', p.privilege, c.oid::regclass, r.role_name)
        from unnest(readers) as r (role_name)
        join pg_class as c
            on c.relnamespace in ('forebay'::regnamespace, 'forebay_private'::regnamespace)
            and c.relkind in ('r', 'p', 'v')
            and not c.relispartition
        join (values ('select'), ('insert'), ('update'), ('delete')) as p (privilege)
            on p.privilege = 'select' or (r.role_name = 'service_role' and c.relkind <> 'v')
        where not has_table_privilege(r.role_name, c.oid, p.privilege)
            and (r.role_name = 'service_role'
                or not exists (
                    select from forebay_private.protected_tables() as t where t.table_oid = c.oid and t.is_secret))
        union all
        select format('grant usage on sequence %s to service_role', c.oid::regclass)
        from pg_class as c
        where 'service_role' = any (readers)
            and c.relnamespace = 'forebay'::regnamespace
            -- The function fails for what is no sequence.
            and case when c.relkind = 'S' then not has_sequence_privilege('service_role', c.oid, 'usage') end
        union all
        select format('grant execute on function %s to %I', k.function_oid::regprocedure, r.rolname)
        from forebay_private.callable_functions() as k
        join pg_roles as r
            on r.rolname = any (readers) or (r.rolname = 'forebay_worker' and k.is_pure)
        where (r.rolname = 'service_role' or k.is_readable)
            and not has_function_privilege(r.oid, k.function_oid, 'execute')
    loop
        execute todo.statement;
    end loop;
end $$;

select forebay_private.apply_access();
