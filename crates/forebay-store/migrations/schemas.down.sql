-- Removes the history of migrations, and the schemas if nothing else is in them. A role that couldn't create them again
-- keeps them: somebody else prepared them for it.
drop table forebay.schema_migrations;
do $$
declare
    name text;
begin
    if not has_database_privilege(current_database(), 'create') then
        return;
    end if;
    -- The contents of a schema are spread over a dozen catalogues, so try to drop it and let the server check them.
    foreach name in array array['forebay_private', 'forebay'] loop
        begin
            execute format('drop schema if exists %I restrict', name);
        exception
            when dependent_objects_still_exist or insufficient_privilege then
                null;
        end;
    end loop;
end $$;
