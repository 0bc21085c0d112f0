-- References and their history. Every table whose rows belong to a reference has reference_id in its primary key, so
-- that Citus can distribute and co-locate them by it.

-- The id of a reference: a version 8 UUID (RFC 9562) from SHA-256 of the source's name, a zero byte and the key.
create function forebay.reference_id(source text, record_key text) returns uuid
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
return (
    select encode(
        set_byte(
            set_byte(h, 6, (get_byte(h, 6) & 15) | 128),
            8, (get_byte(h, 8) & 63) | 128),
        'hex')::uuid
    from (select substr(sha256(convert_to(source, 'UTF8') || '\x00'::bytea || convert_to(record_key, 'UTF8')), 1, 16))
        as digest (h)
);
comment on function forebay.reference_id(text, text) is
    'The id of the reference for a record_key of the named source; identical to the id that the program computes.';

create table forebay."references" (
    reference_id uuid not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    observed_at timestamptz not null,
    removed_at timestamptz,
    first_seen_run_id bigint not null,
    scrape_run_id bigint not null,
    source_id int not null,
    version int not null constraint references_version_check check (version >= 1),
    contract_version smallint not null default 1,
    version_hash bytea not null constraint references_version_hash_check check (octet_length(version_hash) = 32),
    entity_type text not null,
    scope text not null,
    record_key text not null,
    payload jsonb not null,
    lineage jsonb not null default '{}',
    -- This index alone answers the probe of a replay: is this id active, in this scope, with this hash?
    constraint references_pkey primary key (reference_id) include (version_hash, scope, removed_at)
);
-- Nothing is estimated by them, and gathering their statistics sorts whole documents.
alter table forebay."references" alter column payload set statistics 0, alter column lineage set statistics 0;
-- No index by record_key or entity_type: the id is computed from source and key, and a type belongs to few sources.
-- They would cost about 40 % and 15 % of adding a row.
create index references_active_by_scope on forebay."references" (source_id, scope) where removed_at is null;
-- Counts what a source has lost.
create index references_removed on forebay."references" (source_id) where removed_at is not null;
-- Finds what a run added, also in another scope or removed since. Equal keys are stored once, so it stays small.
create index references_by_first_run on forebay."references" (first_seen_run_id);
comment on table forebay."references" is 'One row for each record of each source, with its latest version.';
comment on column forebay."references".reference_id is 'Computed from source and record_key (forebay.reference_id); a re-key keeps it.';
comment on column forebay."references".first_seen_at is 'When it was first observed.';
comment on column forebay."references".changed_at is 'When its latest change (version, removal or restoration) was observed.';
comment on column forebay."references".observed_at is 'When the run that last wrote it observed the source; an older record never overwrites it.';
comment on column forebay."references".removed_at is 'When it was observed to be removed (a tombstone); null: active.';
comment on column forebay."references".first_seen_run_id is 'The run that added it.';
comment on column forebay."references".scrape_run_id is 'The run that last wrote it.';
comment on column forebay."references".source_id is 'Its source.';
comment on column forebay."references".version is '1 for its first content, incremented with each change of content.';
comment on column forebay."references".contract_version is 'The version of this row''s shape, for rows read from user tables.';
comment on column forebay."references".version_hash is 'SHA-256 of the payload''s canonical form (RFC 8785) after field rules.';
comment on column forebay."references".entity_type is 'Its type (course, event, …).';
comment on column forebay."references".scope is 'The scope of the run that last wrote it or moved it to another scope.';
comment on column forebay."references".record_key is 'Its identity inside the source.';
comment on column forebay."references".payload is 'The record as stored after field rules.';
comment on column forebay."references".lineage is 'Where this version came from, besides its run: line, previous keys, upstream ids; flagged: the record said that it is gone.';

create table forebay.reference_revisions (
    reference_id uuid not null,
    changed_at timestamptz not null,
    scrape_run_id bigint not null,
    version int not null,
    change text not null constraint reference_revisions_change_check check (change in ('updated', 'removed', 'restored')),
    field_name text not null,
    old_value jsonb,
    new_value jsonb,
    primary key (reference_id, changed_at, scrape_run_id, change, field_name)
) partition by range (changed_at);
-- Finds what a run changed. Few fields change compared with the number of references, so this index stays small.
create index reference_revisions_by_run on forebay.reference_revisions (scrape_run_id, reference_id);
-- Finds what changed in a period. All changes of a run have one time, and equal times are stored once.
create index reference_revisions_by_time on forebay.reference_revisions (changed_at);
comment on table forebay.reference_revisions is 'One changed field of one version, or one removal or restoration; partitioned by month of changed_at.';
comment on column forebay.reference_revisions.reference_id is 'The reference that changed.';
comment on column forebay.reference_revisions.changed_at is 'When the change was observed.';
comment on column forebay.reference_revisions.scrape_run_id is 'The run that observed it.';
comment on column forebay.reference_revisions.version is 'The version that the change created, removed or restored.';
comment on column forebay.reference_revisions.change is 'updated: a payload field; removed or restored: the reference itself, with field_name removed_at.';
comment on column forebay.reference_revisions.field_name is 'The top-level field.';
comment on column forebay.reference_revisions.old_value is 'Its value before; SQL null: the field was absent.';
comment on column forebay.reference_revisions.new_value is 'Its value after; SQL null: the field is absent now.';

-- Closes a table to everyone but its owner: row-level security without policies, and no grants, not even those of
-- default privileges.
create function forebay_private.close_table(table_oid oid) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    grantee text;
begin
    execute format('alter table %s enable row level security', table_oid::regclass);
    for grantee in
        select distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end
        from pg_class as c
        cross join lateral aclexplode(c.relacl) as a
        where c.oid = table_oid and a.grantee <> c.relowner
    loop
        execute format('revoke all on %s from %s', table_oid::regclass, grantee);
    end loop;
end $$;

-- Creates the partition of a table for a month if it is missing. Runs with its owner's rights: a role that persists
-- doesn't need the right to create tables.
create function forebay_private.ensure_month(parent text, at timestamptz) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    month timestamptz := date_trunc('month', at);
    name text := parent || '_' || to_char(month, 'YYYYMM');
begin
    if to_regclass('forebay.' || name) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('forebay.' || name, 0));
    -- Not to_regclass, which may have cached that the table was missing before the wait.
    if not exists (select from pg_class where relnamespace = 'forebay'::regnamespace and relname = name) then
        execute format('create table forebay.%I (like forebay.%I including all)', name, parent);
        -- Rows are read through the parent, whose policies apply.
        perform forebay_private.close_table(to_regclass(format('forebay.%I', name)));
        execute format('alter table forebay.%I attach partition forebay.%I for values from (%L) to (%L)',
            parent, name, month, month + interval '1 month');
    end if;
end $$;

-- A re-key keeps the reference_id, which then differs from the id computed from the new key. This table maps the
-- computed id to the reference.
create table forebay.reference_aliases (
    alias_id uuid primary key,
    reference_id uuid not null,
    source_id int not null,
    record_key text not null,
    run_id bigint not null,
    created_at timestamptz not null default now()
);
create index reference_aliases_by_source on forebay.reference_aliases (source_id);
comment on table forebay.reference_aliases is 'Maps ids computed from re-keyed keys to their references.';
comment on column forebay.reference_aliases.alias_id is 'The id computed from the new key.';
comment on column forebay.reference_aliases.reference_id is 'The reference that was kept.';
comment on column forebay.reference_aliases.source_id is 'Its source.';
comment on column forebay.reference_aliases.record_key is 'The new key.';
comment on column forebay.reference_aliases.run_id is 'The held run whose changes were applied as a re-key.';
comment on column forebay.reference_aliases.created_at is 'When this row was created.';

create table forebay.scrape_run_changes (
    run_id bigint not null,
    reference_id uuid not null,
    change text not null constraint scrape_run_changes_change_check check (change in ('seen', 'removed', 'flagged')),
    version_hash bytea,
    line bigint,
    fetched_at timestamptz,
    url text,
    record_key text,
    payload json,
    is_withheld boolean not null default false,
    missing_since timestamptz,
    num_missing_runs bigint,
    base_version int,
    alias_id uuid,
    primary key (run_id, reference_id),
    constraint scrape_run_changes_seen_check
        check (change = 'removed' or (version_hash is not null and record_key is not null and payload is not null)),
    constraint scrape_run_changes_missing_check
        check ((change = 'removed') = (missing_since is not null and num_missing_runs is not null))
);
comment on table forebay.scrape_run_changes is
    'Staged changes of a run until its guards have decided; the changes of a held run stay here.';
comment on column forebay.scrape_run_changes.run_id is 'The run.';
comment on column forebay.scrape_run_changes.reference_id is 'The reference that would change.';
comment on column forebay.scrape_run_changes.change is 'seen: a record that differs from what is stored; removed: a reference that was not seen; flagged: a record that says that it is gone.';
comment on column forebay.scrape_run_changes.version_hash is 'Hash of the record that was seen.';
comment on column forebay.scrape_run_changes.base_version is
    'The stored version that a partial record was laid over, 0 if nothing was stored; null: a whole record.';
comment on column forebay.scrape_run_changes.line is 'Its line in the input.';
comment on column forebay.scrape_run_changes.fetched_at is 'When its page was fetched.';
comment on column forebay.scrape_run_changes.url is 'The URL of its page, if the run read pages.';
comment on column forebay.scrape_run_changes.record_key is 'Its key.';
comment on column forebay.scrape_run_changes.payload is 'Its payload, as it will be stored.';
comment on column forebay.scrape_run_changes.is_withheld is
    'A guard withholds it: it stays here until a later run or an operator decides.';
comment on column forebay.scrape_run_changes.missing_since is
    'Of a removal: when the first of the runs in a row that missed the reference observed the source.';
comment on column forebay.scrape_run_changes.num_missing_runs is
    'Of a removal: complete runs in a row that missed the reference, with this one.';
comment on column forebay.scrape_run_changes.alias_id is
    'Of a reference that gets a key back: the id of the record with that key, which becomes an alias.';

-- The order in which runs ended, for readers that follow changes. Numbers of a sequence become visible in the order of
-- commits, so a reader could miss a low one; these are assigned under a lock that is held until the commit, so they
-- become visible in their own order.
create table forebay.run_ends (
    end_id bigint generated always as identity primary key,
    run_id bigint not null,
    ended_at timestamptz not null,
    is_release boolean not null default false
);
create index run_ends_by_time on forebay.run_ends (ended_at, end_id);
comment on table forebay.run_ends is 'The runs that changed references, in the order in which they ended.';
comment on column forebay.run_ends.end_id is 'The place in this order; a row becomes visible after all rows with lower numbers.';
comment on column forebay.run_ends.run_id is 'The run. One that was held and then released ends twice.';
comment on column forebay.run_ends.ended_at is 'When it ended, never before the row with the number below.';
comment on column forebay.run_ends.is_release is 'Whether it ended after an operator released what it had withheld.';

create table forebay.released_changes (
    run_id bigint not null,
    reference_id uuid not null,
    constraint released_changes_pkey primary key (run_id, reference_id)
);
comment on table forebay.released_changes is
    'What runs withheld until an operator released it: these changes belong to the second end of their run.';
comment on column forebay.released_changes.run_id is 'The run that was held.';
comment on column forebay.released_changes.reference_id is 'The reference whose change it withheld.';

create function forebay_private.run_ended() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('forebay.run_ends', 0));
    insert into forebay.run_ends (run_id, ended_at, is_release)
    select new.run_id, clock_timestamp(), exists (select from forebay.released_changes as c where c.run_id = new.run_id);
    return null;
end $$;
-- At the commit, so the lock is the last one that a transaction takes, and is held for an instant.
create constraint trigger scrape_runs_ended after update of status on forebay.scrape_runs
    deferrable initially deferred
    for each row
    when (old.status = 'running' and new.status <> 'running'
        and new.num_added + new.num_updated + new.num_removed + new.num_restored > 0)
    execute function forebay_private.run_ended();

create function forebay_private.run_reopened() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into forebay.released_changes (run_id, reference_id)
    select c.run_id, c.reference_id from forebay.scrape_run_changes as c where c.run_id = new.run_id
    on conflict do nothing;
    return null;
end $$;
create trigger scrape_runs_reopened after update of status on forebay.scrape_runs
    for each row
    when (old.status = 'held' and new.status = 'running')
    execute function forebay_private.run_reopened();

-- Only roles that work with Forebay's tables need these functions. Every migration that adds one ends like this.
revoke all on all functions in schema forebay, forebay_private from public;
