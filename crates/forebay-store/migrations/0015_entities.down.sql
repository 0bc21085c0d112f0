-- The views depend on the functions, and the indexes too, so all of them go.
do $$
declare
    own record;
begin
    for own in
        select distinct f.oid::regprocedure::text as signature
        from forebay.entity_views as e
        join pg_namespace as n on n.nspname = e.schema_name
        join pg_proc as f on f.pronamespace = n.oid
        where obj_description(f.oid, 'pg_proc') like 'Forebay relationship:%'
    loop
        execute format('drop function %s', own.signature);
    end loop;
    for own in
        select c.oid::regclass::text as relation
        from forebay.entity_views as e
        join pg_namespace as n on n.nspname = e.schema_name
        join pg_class as c on c.relnamespace = n.oid and c.relname = any (e.relations) and c.relkind = 'v'
        where obj_description(c.oid, 'pg_class') like 'Forebay entity %'
    loop
        execute format('drop view %s', own.relation);
    end loop;
    for own in
        select c.oid::regclass::text as relation
        from pg_index as i
        join pg_class as c on c.oid = i.indexrelid
        where i.indrelid = 'forebay.references'::regclass and c.relname ~ '^entity_.*_[0-9a-f]{8}$'
    loop
        execute format('drop index %s', own.relation);
    end loop;
end $$;
drop table forebay.entity_views;
drop function forebay_private.source_names();
drop function forebay.try_url(jsonb);
drop function forebay.try_uuid(jsonb);
drop function forebay.try_timestamp(jsonb);
drop function forebay.try_date(jsonb);
drop function forebay.try_boolean(jsonb);
drop function forebay.try_number(jsonb);
drop function forebay.try_integer(jsonb);
drop function forebay.try_text(jsonb);
