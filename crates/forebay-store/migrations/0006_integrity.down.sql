-- The keys that Postgres 18 does not enforce. The column that says so is missing in earlier versions.
do $$
declare
    declared record;
begin
    for declared in
        select k.conrelid::regclass as child, k.conname
        from pg_constraint as k
        where k.connamespace = 'forebay'::regnamespace and k.contype = 'f' and k.conparentid = 0
            and to_jsonb(k) ->> 'conenforced' = 'false'
    loop
        execute format('alter table %s drop constraint %I', declared.child, declared.conname);
    end loop;
end $$;
drop trigger sources_keep_used on forebay.sources;
drop function forebay_private.keep_used_sources();
drop trigger references_forget on forebay."references";
drop function forebay_private.forget_references();
drop index forebay.ingestion_attempts_by_pipeline;
drop index forebay.reference_aliases_by_run;
alter table forebay.ingestion_attempts
    drop constraint ingestion_attempts_reference_id_fkey,
    drop constraint ingestion_attempts_pipeline_id_fkey;
alter table forebay.ingestion_limits drop constraint ingestion_limits_pipeline_id_fkey;
alter table forebay.ingestion_cursors drop constraint ingestion_cursors_pipeline_id_fkey;
alter table forebay.reference_aliases
    drop constraint reference_aliases_source_id_fkey,
    drop constraint reference_aliases_run_id_fkey;
alter table forebay.scrape_run_changes drop constraint scrape_run_changes_run_id_fkey;
alter table forebay.rejected_records drop constraint rejected_records_run_id_fkey;
alter table forebay.scrape_run_fields drop constraint scrape_run_fields_run_id_fkey;
alter table forebay.scrape_runs drop constraint scrape_runs_source_id_fkey;
