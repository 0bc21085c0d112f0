-- The roles stay: other roles may be members of them, and other databases of the server may use them.
do $$
declare
    todo record;
begin
    for todo in
        select format('drop policy %I on %s', y.polname, y.polrelid::regclass) as statement
        from pg_policy as y
        join pg_class as c on c.oid = y.polrelid
        where c.relnamespace = 'forebay'::regnamespace
            and y.polname in ('forebay_service', 'forebay_reader', 'forebay_authenticated')
        union all
        select format('alter table forebay.%I disable row level security', t.table_name)
        from forebay_private.protected_tables() as t
        union all
        select format(
            'revoke all on all tables in schema forebay, forebay_private from %1$I; revoke all on all sequences in schema forebay from %1$I; '
                'revoke all on all functions in schema forebay, forebay_private from %1$I; '
                'revoke usage on schema forebay, forebay_private from %1$I', r.rolname)
        from pg_roles as r
        where r.rolname in ('service_role', 'authenticated', 'forebay_reader')
        union all
        -- Its rights on the functions of 0010_workers stay.
        select format('revoke all on function %s from forebay_worker', k.function_oid::regprocedure)
        from forebay_private.callable_functions() as k
        where k.is_pure and exists (select from pg_roles where rolname = 'forebay_worker')
    loop
        execute todo.statement;
    end loop;
    -- The stand-in for Supabase's function, unless policies of the user need it.
    if obj_description(to_regprocedure('auth.jwt()'), 'pg_proc') like '%(made by Forebay)' then
        begin
            drop function auth.jwt() restrict;
            drop schema auth restrict;
        exception
            when dependent_objects_still_exist then
                null;
        end;
    end if;
end $$;
drop function forebay_private.apply_access();
drop function forebay_private.stray_grants();
drop function forebay_private.callable_functions();
drop function forebay_private.protected_tables();
drop view forebay_private.published_aliases;
drop view forebay_private.published_syncs;
drop view forebay_private.published_run_fields;
drop view forebay_private.published_runs;
drop view forebay_private.published_sources;
drop function forebay_private.visible_sources(text);
