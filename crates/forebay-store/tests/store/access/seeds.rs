//! A row in every table, so that a role that sees none is kept from it.

use forebay_store::{profiles, tables::SchemaName};

use super::lab::Lab;

/// Two sources, one of them published, and their references: one is active and published, one removed, one not
/// published. Each has a revision. Each source has a run with coverage, an alias and a sync of its own type.
const SOURCES: &str = "
    insert into forebay.sources (name, entity_type, key_fields, is_published)
    values ('open', 'course', '{id}', true), ('closed', 'secret', '{id}', false);
    insert into forebay.scrape_runs (source_id, scope, status, message, is_complete, with_handoffs, engine, input,
        observed_at, ended_at, num_seen)
    select s.source_id, 'term=Fall 2026', 'complete', 'internal', true, true, 'html', 'internal', now(), now(), 2
    from forebay.sources as s order by s.source_id;
    insert into forebay.scrape_run_fields (run_id, field_name, num_present, coverage)
    select r.run_id, 'title', 1, 0.5 from forebay.scrape_runs as r;
    insert into forebay.reference_aliases (alias_id, reference_id, source_id, record_key, run_id)
    select forebay.reference_id(s.name, 'renamed'), forebay.reference_id(s.name, k.record_key), s.source_id, 'renamed',
        r.run_id
    from (values ('open', 'shown'), ('closed', 'hidden')) as k (source, record_key)
    join forebay.sources as s on s.name = k.source
    join forebay.scrape_runs as r using (source_id);
    insert into forebay.sync_metadata (entity_type, scope, status, attempt, last_sync)
    select s.entity_type, 'term=Fall 2026', 'success', 1, now() from forebay.sources as s;
    insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, removed_at, first_seen_run_id,
        scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, payload)
    select forebay.reference_id(s.name, k.record_key), now(), now(), now(), k.removed_at, r.run_id, r.run_id,
        s.source_id, 1, sha256(''), s.entity_type, 'term=Fall 2026', k.record_key,
        jsonb_build_object('title', k.record_key)
    from (values ('open', 'shown', null), ('open', 'gone', now()), ('closed', 'hidden', null))
        as k (source, record_key, removed_at)
    join forebay.sources as s on s.name = k.source
    join forebay.scrape_runs as r using (source_id);
    insert into forebay.reference_revisions (reference_id, changed_at, scrape_run_id, version, change, field_name)
    select r.reference_id, now(), r.scrape_run_id, 1, 'updated', 'title' from forebay.\"references\" as r";

/// Partitions for this month, and a made-up row in each table that is empty. Its checks are dropped, which are about
/// meaning, not about rights.
const FILL: &str = "
    do $$
    declare
        t record;
        check_name text;
        column_names text;
        column_values text;
        has_rows boolean;
    begin
        set local session_replication_role = replica;
        for t in
            select c.oid, c.relname::text as name, c.relkind
            from pg_class as c
            where c.relnamespace = 'forebay'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        loop
            if t.relkind = 'p' then
                perform forebay_private.ensure_month(t.name, now());
            end if;
            execute format('select exists (select from forebay.%I)', t.name) into has_rows;
            continue when has_rows;
            for check_name in select conname from pg_constraint where conrelid = t.oid and contype = 'c' loop
                execute format('alter table forebay.%I drop constraint %I', t.name, check_name);
            end loop;
            select string_agg(quote_ident(a.attname), ', '), string_agg(format('%s::%s', case
                    when y.typname = 'uuid' then 'gen_random_uuid()'
                    when y.typname in ('json', 'jsonb') or y.typcategory = 'A' then quote_literal('{}')
                    when y.typname = 'bytea' then quote_literal('\\x00')
                    when y.typname = 'regconfig' then quote_literal('simple')
                    when y.typcategory in ('N', 'T') then quote_literal('1')
                    when y.typcategory = 'B' then quote_literal('false')
                    when y.typcategory = 'D' then 'now()'
                    else quote_literal('x')
                end, format_type(a.atttypid, a.atttypmod)), ', ')
            into column_names, column_values
            from pg_attribute as a
            join pg_type as y on y.oid = a.atttypid
            where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attnotnull
                and not a.atthasdef and a.attidentity = '' and a.attgenerated = '';
            execute format('insert into forebay.%I (%s) values (%s)', t.name, column_names, column_values);
        end loop;
    end $$";

/// A migrated database with these rows.
pub(super) async fn planted(name: &str) -> Lab {
    let lab = Lab::open(name).await;
    lab.migrate().await;
    plant(&lab).await;
    lab
}

pub(super) async fn plant(lab: &Lab) {
    let month = "select forebay_private.ensure_month('reference_revisions', now())";
    let mut owner = lab.owner().await;
    owner.batch_execute(&format!("{month}; {SOURCES}")).await.unwrap();
    profiles::create_api(&mut owner, &SchemaName::parse(profiles::API_SCHEMA).unwrap()).await.unwrap();
    lab.admin.batch_execute(FILL).await.unwrap();
}
