-- The profile "api": what a web API exposes of published sources. {schema} is the quoted name of the schema. The views
-- read with the rights of their caller, so the policies of the tables hold. Ids of 64 bits are text, because numbers in
-- JavaScript are not exact above 2^53.
--
-- The functions of one row are the computed relationships of PostgREST. They have a search path, so they are called for
-- each row and not merged into the query. Inside of a call, the id of a run is a constant; in a merged query, its
-- conversion to a number counts as a function that might reveal rows, which rules out the index.

create or replace view {schema}.sources with (security_invoker = true) as
    select s.name, s.entity_type from forebay_private.published_sources as s;
comment on view {schema}.sources is 'Forebay profile api: published sources.';
comment on column {schema}.sources.name is 'The name.';
comment on column {schema}.sources.entity_type is 'The type of its records.';

create or replace view {schema}."references" with (security_invoker = true) as
    select r.reference_id as id, s.name as source_name, r.record_key, r.entity_type, forebay.scope_of(r.scope) as scope,
        r.scope as scope_text, r.version, r.payload, encode(r.version_hash, 'hex') as version_hash,
        r.lineage ->> 'url' as url, r.first_seen_at, r.changed_at, r.observed_at, r.scrape_run_id::text as run_id
    from forebay."references" as r
    join forebay_private.published_sources as s using (source_id)
    where r.removed_at is null;
comment on view {schema}."references" is 'Forebay profile api: active references of published sources.';
comment on column {schema}."references".id is 'Computed from source and key; it never changes.';
comment on column {schema}."references".source_name is 'The source.';
comment on column {schema}."references".record_key is 'Its identity inside the source.';
comment on column {schema}."references".entity_type is 'Its type (course, event, …).';
comment on column {schema}."references".scope is 'The part of the source that contains it, as an object.';
comment on column {schema}."references".scope_text is
    'The same as text: pairs key=value, sorted by key. A condition on it and source_name uses an index.';
comment on column {schema}."references".version is '1 for its first content, incremented with each change of content.';
comment on column {schema}."references".payload is 'The record.';
comment on column {schema}."references".version_hash is 'SHA-256 of the payload''s canonical form, in hexadecimal.';
comment on column {schema}."references".url is 'The page that it was read from; null: it came from no page.';
comment on column {schema}."references".first_seen_at is 'When it was first observed.';
comment on column {schema}."references".changed_at is 'When its latest change was observed.';
comment on column {schema}."references".observed_at is
    'When the run that last wrote it observed the source. Later runs that found it unchanged wrote nothing.';
comment on column {schema}."references".run_id is 'The run that last wrote it.';

create or replace view {schema}.revisions with (security_invoker = true) as
    select v.reference_id, v.changed_at, v.version, v.change, v.field_name, v.old_value, v.new_value,
        v.scrape_run_id::text as run_id
    from forebay.reference_revisions as v
    join forebay."references" as r using (reference_id)
    join forebay_private.published_sources as s using (source_id)
    where r.removed_at is null;
comment on view {schema}.revisions is
    'Forebay profile api: each changed field of each version of the active references of published sources.';
comment on column {schema}.revisions.reference_id is 'The reference, as in references.id.';
comment on column {schema}.revisions.changed_at is 'When the change was observed.';
comment on column {schema}.revisions.version is 'The version that the change created, removed or restored.';
comment on column {schema}.revisions.change is
    'updated: a field of the payload; removed or restored: the reference itself, with field_name removed_at.';
comment on column {schema}.revisions.field_name is 'The top-level field.';
comment on column {schema}.revisions.old_value is 'Its value before; SQL null: it had none.';
comment on column {schema}.revisions.new_value is 'Its value after; SQL null: it has none.';
comment on column {schema}.revisions.run_id is 'The run that observed it, as in runs.id.';

create or replace view {schema}.runs with (security_invoker = true) as
    select r.run_id::text as id, r.source_name, forebay.scope_of(r.scope) as scope, r.scope as scope_text, r.status,
        r.is_complete, r.engine, r.observed_at, r.started_at, r.ended_at, r.duration_ms, r.num_seen, r.num_added,
        r.num_updated, r.num_unchanged, r.num_removed, r.num_restored, r.num_rejected,
        coalesce(
            (select jsonb_object_agg(f.field_name, f.coverage)
                from forebay_private.published_run_fields as f where f.run_id = r.run_id),
            '{}') as field_coverage
    from forebay_private.published_runs as r;
comment on view {schema}.runs is 'Forebay profile api: runs of published sources.';
comment on column {schema}.runs.id is 'The run.';
comment on column {schema}.runs.source_name is 'Its source.';
comment on column {schema}.runs.scope is 'The part of the source that it covers, as an object; empty: all.';
comment on column {schema}.runs.scope_text is 'The same as text: pairs key=value, sorted by key.';
comment on column {schema}.runs.status is 'running, complete, partial, held, failed or aborted.';
comment on column {schema}.runs.is_complete is 'It was declared to cover its scope completely.';
comment on column {schema}.runs.engine is 'What supplied the records.';
comment on column {schema}.runs.observed_at is 'When the source was observed.';
comment on column {schema}.runs.started_at is 'When it started.';
comment on column {schema}.runs.ended_at is 'When it ended; null: it is running.';
comment on column {schema}.runs.duration_ms is 'How long it took, in milliseconds.';
comment on column {schema}.runs.num_seen is 'Records that it read.';
comment on column {schema}.runs.num_added is 'New references.';
comment on column {schema}.runs.num_updated is 'References with a new version.';
comment on column {schema}.runs.num_unchanged is 'References with unchanged content.';
comment on column {schema}.runs.num_removed is 'References that it removed.';
comment on column {schema}.runs.num_restored is 'Removed references that came back.';
comment on column {schema}.runs.num_rejected is 'Records that could not be used.';
comment on column {schema}.runs.field_coverage is 'For each field, the share of records that had a value, 0 to 1.';

create or replace view {schema}.freshness with (security_invoker = true) as
    select m.entity_type, forebay.scope_of(m.scope) as scope, m.scope as scope_text, m.status, m.last_sync, m.is_partial,
        m.num_records
    from forebay_private.published_syncs as m;
comment on view {schema}.freshness is
    'Forebay profile api: how fresh the entity types of published sources are, by scope.';
comment on column {schema}.freshness.entity_type is 'The entity type.';
comment on column {schema}.freshness.scope is 'The scope, as an object; empty: everything.';
comment on column {schema}.freshness.scope_text is 'The same as text: pairs key=value, sorted by key.';
comment on column {schema}.freshness.status is 'Of the last attempt: in_progress, success or failed.';
comment on column {schema}.freshness.last_sync is 'When a sync of the whole scope last succeeded; null: never.';
comment on column {schema}.freshness.is_partial is 'The last successful attempt covered only part of the scope.';
comment on column {schema}.freshness.num_records is 'Number of records of that sync.';

create or replace function {schema}.revisions({schema}."references") returns setof {schema}.revisions
language sql stable parallel safe rows 10
set search_path = pg_catalog, pg_temp
as $$ select v.* from {schema}.revisions as v where v.reference_id = $1.id $$;
comment on function {schema}.revisions({schema}."references") is 'Forebay profile api: the revisions of a reference.';

create or replace function {schema}.reference({schema}.revisions) returns setof {schema}."references"
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$ select r.* from {schema}."references" as r where r.id = $1.reference_id $$;
comment on function {schema}.reference({schema}.revisions) is 'Forebay profile api: the reference of a revision.';

-- Parsed now, because callers have no right on the schema of the views. The columns are those of the view "runs".
create or replace function {schema}.run({schema}."references") returns setof {schema}.runs
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
begin atomic
    select r.run_id::text, r.source_name, forebay.scope_of(r.scope), r.scope, r.status, r.is_complete, r.engine,
        r.observed_at, r.started_at, r.ended_at, r.duration_ms, r.num_seen, r.num_added, r.num_updated, r.num_unchanged,
        r.num_removed, r.num_restored, r.num_rejected,
        coalesce(
            (select jsonb_object_agg(f.field_name, f.coverage)
                from forebay_private.published_run_fields as f where f.run_id = r.run_id),
            '{}')
    from forebay_private.published_runs as r
    where r.run_id = $1.run_id::bigint;
end;
comment on function {schema}.run({schema}."references") is 'Forebay profile api: the run that last wrote a reference.';

create or replace function {schema}.source({schema}."references") returns setof {schema}.sources
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$ select s.* from {schema}.sources as s where s.name = $1.source_name $$;
comment on function {schema}.source({schema}."references") is 'Forebay profile api: the source of a reference.';

create or replace function {schema}.source({schema}.runs) returns setof {schema}.sources
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$ select s.* from {schema}.sources as s where s.name = $1.source_name $$;
comment on function {schema}.source({schema}.runs) is 'Forebay profile api: the source of a run.';

-- A condition on record_key alone reads the whole source; this finds the id.
create or replace function {schema}.find_reference(source_name text, record_key text)
returns setof {schema}."references"
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
begin atomic
    select r.*
    from {schema}."references" as r
    where r.id = (
        select coalesce(
            (select a.reference_id from forebay_private.published_aliases as a where a.alias_id = c.computed),
            c.computed)
        from (select forebay.reference_id(find_reference.source_name, find_reference.record_key)) as c (computed)
    );
end;
comment on function {schema}.find_reference(text, text) is
    'Forebay profile api: the reference of a source with this key, also after a re-key.';
