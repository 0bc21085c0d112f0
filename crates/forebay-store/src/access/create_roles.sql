-- What a Supabase project has and a plain Postgres lacks: the roles of its API, and the function that reads the claims
-- of a request, which PostgREST sets.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['anon', 'authenticated', 'service_role'] loop
        if to_regrole(role_name) is null then
            begin
                execute format('create role %I nologin noinherit', role_name);
            exception
                -- Another database of the server creates it at this moment.
                when duplicate_object or unique_violation then
                    null;
            end;
        end if;
    end loop;
    if to_regprocedure('auth.jwt()') is null then
        create schema if not exists auth;
        create function auth.jwt() returns jsonb
        language sql stable
        set search_path = pg_catalog, pg_temp
        return nullif(current_setting('request.jwt.claims', true), '')::jsonb;
        comment on function auth.jwt() is 'The claims of the request''s JWT (made by Forebay)';
        revoke all on function auth.jwt() from public;
        grant usage on schema auth to anon, authenticated, service_role;
        grant execute on function auth.jwt() to anon, authenticated, service_role;
    end if;
end $$
