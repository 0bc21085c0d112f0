-- Profiles depend on the tables of earlier migrations, so all of them go.
do $$
declare
    own record;
begin
    for own in
        select c.oid::regclass::text as relation, c.relkind
        from forebay.profiles as p
        join pg_namespace as n on n.nspname = p.schema_name
        join pg_class as c on c.relnamespace = n.oid and c.relname = any (p.relations)
        where obj_description(c.oid, 'pg_class') like 'Forebay profile %'
    loop
        execute format('drop %s %s', case own.relkind when 'v' then 'view' else 'table' end, own.relation);
    end loop;
end $$;
drop trigger sync_metadata_show on forebay.sync_metadata;
drop function forebay_private.report_sync_row();
drop function forebay_private.check_sync_row();
drop function forebay_private.report_sync(text, text, text, timestamptz, text);
drop function forebay_private.show_changed_sync();
drop function forebay_private.show_sync(text, text);
drop function forebay_private.row_scope(jsonb, text[]);
drop table forebay.profiles;
drop function forebay.end_sync(uuid, text, text, bigint, timestamptz);
drop function forebay.begin_sync(text, jsonb, interval);
drop function forebay.scope_text(jsonb);
drop function forebay.scope_of(text);
