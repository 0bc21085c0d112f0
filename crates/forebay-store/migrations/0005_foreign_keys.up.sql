-- Foreign keys come last, because on Citus they are added after the tables are distributed.
-- The jobs have none: they are small, hot, and stay on the coordinator, where a distributed table cannot be referenced.

alter table forebay.scrape_runs
    add constraint scrape_runs_source_id_fkey foreign key (source_id) references forebay.sources;
alter table forebay.scrape_run_fields
    add constraint scrape_run_fields_run_id_fkey foreign key (run_id) references forebay.scrape_runs on delete cascade;
alter table forebay.rejected_records
    add constraint rejected_records_run_id_fkey foreign key (run_id) references forebay.scrape_runs on delete cascade;
alter table forebay.scrape_run_changes
    add constraint scrape_run_changes_run_id_fkey foreign key (run_id) references forebay.scrape_runs on delete cascade;
alter table forebay."references"
    add constraint references_source_id_fkey foreign key (source_id) references forebay.sources;
alter table forebay.reference_revisions
    add constraint reference_revisions_reference_id_fkey
    foreign key (reference_id) references forebay."references" on delete cascade;
alter table forebay.reference_aliases
    add constraint reference_aliases_source_id_fkey foreign key (source_id) references forebay.sources;
alter table forebay.ingestion_handoffs
    add constraint ingestion_handoffs_reference_id_fkey
    foreign key (reference_id) references forebay."references" on delete cascade;
alter table forebay.ingestion_attempts
    add constraint ingestion_attempts_reference_id_fkey
    foreign key (reference_id) references forebay."references" on delete cascade;
alter table forebay.documents
    add constraint documents_reference_id_fkey
    foreign key (reference_id) references forebay."references" on delete cascade;
