-- Profiles depend on the tables of earlier migrations, so all of them go.
select forebay_private.drop_profile(p.schema_name, p.name) from forebay.profiles as p;
drop function forebay_private.open_profile(text);
drop function forebay_private.drop_profile(text, text);
drop function forebay_private.profile_objects(text, text);
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
