-- Constraints between tables, in a migration after those tables because on Citus they are added after distributing
-- them.
--
-- Tables with few rows have foreign keys. Where each record writes a row, a foreign key would cost about as much as
-- the row itself, or twice that: Postgres checks it row by row and locks the referenced row (see
-- docs/concepts/performance.md). There, one transaction always writes both sides, and the trigger below does once for
-- each statement what "on delete cascade" does for each row.

alter table forebay.scrape_runs
    add constraint scrape_runs_source_id_fkey foreign key (source_id) references forebay.sources;
alter table forebay.scrape_run_fields
    add constraint scrape_run_fields_run_id_fkey foreign key (run_id) references forebay.scrape_runs on delete cascade;
alter table forebay.rejected_records
    add constraint rejected_records_run_id_fkey foreign key (run_id) references forebay.scrape_runs on delete cascade;
alter table forebay.scrape_run_changes
    add constraint scrape_run_changes_run_id_fkey foreign key (run_id) references forebay.scrape_runs on delete cascade;
alter table forebay.reference_aliases
    add constraint reference_aliases_source_id_fkey foreign key (source_id) references forebay.sources,
    add constraint reference_aliases_run_id_fkey foreign key (run_id) references forebay.scrape_runs;
alter table forebay.ingestion_cursors
    add constraint ingestion_cursors_pipeline_id_fkey foreign key (pipeline_id) references forebay.pipelines on delete cascade;
alter table forebay.ingestion_limits
    add constraint ingestion_limits_pipeline_id_fkey foreign key (pipeline_id) references forebay.pipelines on delete cascade;
alter table forebay.ingestion_attempts
    add constraint ingestion_attempts_reference_id_fkey
        foreign key (reference_id) references forebay."references" on delete cascade,
    add constraint ingestion_attempts_pipeline_id_fkey foreign key (pipeline_id) references forebay.pipelines;
-- Without an index, deleting a row that these keys reference reads the whole table. Few rows are written to both.
create index reference_aliases_by_run on forebay.reference_aliases (run_id);
create index ingestion_attempts_by_pipeline on forebay.ingestion_attempts (pipeline_id, failed_at);

-- Postgres 18 can have a key without checking it: tools and people see the relations, and writing costs nothing.
do $$
declare
    declared record;
begin
    if current_setting('server_version_num')::int >= 180000 then
        for declared in
            select k.*
            from (values
                ('"references"', 'source_id', 'sources'),
                ('"references"', 'scrape_run_id', 'scrape_runs'),
                ('"references"', 'first_seen_run_id', 'scrape_runs'),
                ('reference_revisions', 'reference_id', '"references"'),
                ('reference_revisions', 'scrape_run_id', 'scrape_runs'),
                ('reference_aliases', 'reference_id', '"references"'),
                ('scrape_run_changes', 'reference_id', '"references"'),
                ('released_changes', 'reference_id', '"references"'),
                ('released_changes', 'run_id', 'scrape_runs'),
                ('ingestion_handoffs', 'reference_id', '"references"'),
                ('ingestion_handoffs', 'pipeline_id', 'pipelines'),
                ('ingestion_handoffs', 'source_id', 'sources'),
                ('ingestion_handoffs', 'run_id', 'scrape_runs'),
                ('ingestion_handoffs', 'next_run_id', 'scrape_runs'),
                ('ingestion_outcomes', 'reference_id', '"references"'),
                ('ingestion_outcomes', 'pipeline_id', 'pipelines'),
                ('ingestion_outcomes', 'run_id', 'scrape_runs'),
                ('ingestion_deliveries', 'reference_id', '"references"'),
                ('ingestion_deliveries', 'pipeline_id', 'pipelines'),
                ('documents', 'reference_id', '"references"'),
                ('documents', 'pipeline_id', 'pipelines'),
                ('document_chunks', 'reference_id', '"references"'),
                ('document_chunks', 'pipeline_id', 'pipelines')
            ) as k (child, key_column, parent)
        loop
            execute format('alter table forebay.%s add foreign key (%I) references forebay.%s not enforced',
                declared.child, declared.key_column, declared.parent);
        end loop;
    end if;
end $$;

-- Forebay itself never deletes a reference. If a user does, for example to erase a person's data, everything that
-- belongs to the reference is deleted with it.
create function forebay_private.forget_references() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from forebay.reference_revisions as v using gone as g where v.reference_id = g.reference_id;
    delete from forebay.reference_aliases as a using gone as g where a.reference_id = g.reference_id;
    delete from forebay.ingestion_handoffs as h using gone as g where h.reference_id = g.reference_id;
    delete from forebay.ingestion_outcomes as o using gone as g where o.reference_id = g.reference_id;
    delete from forebay.documents as d using gone as g where d.reference_id = g.reference_id;
    delete from forebay.document_chunks as c using gone as g where c.reference_id = g.reference_id;
    return null;
end $$;
create trigger references_forget after delete on forebay."references"
    referencing old table as gone
    for each statement execute function forebay_private.forget_references();

-- A source that has references can't be deleted: the ids of its references are computed from its name.
create function forebay_private.keep_used_sources() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (select from forebay."references" as r where r.source_id = old.source_id) then
        raise foreign_key_violation using
            message = format('source %L has references', old.name),
            hint = 'delete its references first',
            table = 'sources',
            schema = 'forebay',
            constraint = 'references_source_id';
    end if;
    return old;
end $$;
create trigger sources_keep_used before delete on forebay.sources
    for each row execute function forebay_private.keep_used_sources();

-- Only roles that work with Forebay's tables need these functions. Every migration that adds one ends like this.
revoke all on all functions in schema forebay_private from public;
