-- References and their history. Everything here that belongs to one reference has reference_id in its primary key,
-- so that on Citus it is distributed and co-located by it.

-- The id of a reference: a version 8 UUID (RFC 9562) from SHA-256 of the source's name, a zero byte and the key.
create function forebay.reference_id(source text, record_key text) returns uuid
language sql immutable strict parallel safe
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
    'The id of the reference for a record_key in the source of that name; the same as the program computes.';

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
    -- One index answers the probe of a replay without touching the table: is this id active, in this scope, at this hash?
    constraint references_pkey primary key (reference_id) include (version_hash, scope, removed_at)
);
-- The run that added a reference is in the key, so that what a run added is found; equal keys of a run are stored as one.
create index references_active_by_scope on forebay."references" (source_id, scope, first_seen_run_id)
    where removed_at is null;
comment on table forebay."references" is 'The durable row for each record of each source, at its latest version.';
comment on column forebay."references".reference_id is 'Computed from source and record_key (forebay.reference_id); a re-key keeps it.';
comment on column forebay."references".first_seen_at is 'When the source was first observed to have it.';
comment on column forebay."references".changed_at is 'When its latest version, removal or restoration was observed.';
comment on column forebay."references".observed_at is 'When the run that last wrote it observed the source; an older record never overwrites it.';
comment on column forebay."references".removed_at is 'When it was observed to be gone (a tombstone); null: active.';
comment on column forebay."references".first_seen_run_id is 'The run that added it.';
comment on column forebay."references".scrape_run_id is 'The run that last wrote it.';
comment on column forebay."references".source_id is 'Its source.';
comment on column forebay."references".version is '1, 2, 3 …: how often its content changed, plus one.';
comment on column forebay."references".contract_version is 'The version of this row''s shape, for rows adopted from elsewhere.';
comment on column forebay."references".version_hash is 'SHA-256 of the payload''s canonical form (RFC 8785) after field rules.';
comment on column forebay."references".entity_type is 'What it is (course, event, …).';
comment on column forebay."references".scope is 'The scope of the run that last wrote it or saw it in another scope.';
comment on column forebay."references".record_key is 'Its identity inside the source.';
comment on column forebay."references".payload is 'The record as stored after field rules.';
comment on column forebay."references".lineage is 'Where this version came from beyond its run: line, previous keys, upstream ids.';

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
-- Changed fields are few beside the references that they are of, so an entry for each is little. It finds what a run changed.
create index reference_revisions_by_run on forebay.reference_revisions (scrape_run_id, reference_id);
comment on table forebay.reference_revisions is 'One changed field of one version, or one removal or restoration; by month of changed_at.';
comment on column forebay.reference_revisions.reference_id is 'The reference that changed.';
comment on column forebay.reference_revisions.changed_at is 'When the change was observed.';
comment on column forebay.reference_revisions.scrape_run_id is 'The run that observed it.';
comment on column forebay.reference_revisions.version is 'The version that the change made, or that it removed or restored.';
comment on column forebay.reference_revisions.change is 'updated: a payload field; removed or restored: the reference itself, with field_name removed_at.';
comment on column forebay.reference_revisions.field_name is 'The top-level field.';
comment on column forebay.reference_revisions.old_value is 'Its value before; SQL null: the field was absent.';
comment on column forebay.reference_revisions.new_value is 'Its value after; SQL null: the field is absent now.';

-- Makes the partition for a month if it is missing. Runs with the rights of the owner, because a role that may
-- persist need not be allowed to create tables; it can create nothing but this.
create function forebay_private.ensure_revision_month(at timestamptz) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    month timestamptz := date_trunc('month', at);
    name text := 'reference_revisions_' || to_char(month, 'YYYYMM');
begin
    if to_regclass('forebay.' || name) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('forebay.' || name, 0));
    -- Not to_regclass again: it may remember that there was none before the wait.
    if not exists (select from pg_class where relnamespace = 'forebay'::regnamespace and relname = name) then
        execute format('create table forebay.%I (like forebay.reference_revisions including all)', name);
        execute format('alter table forebay.reference_revisions attach partition forebay.%I for values from (%L) to (%L)',
            name, month, month + interval '1 month');
    end if;
end $$;

-- A re-key keeps the reference_id, which then no longer follows from the new key: this is where the new key's
-- computed id leads.
create table forebay.reference_aliases (
    alias_id uuid primary key,
    reference_id uuid not null,
    source_id int not null,
    record_key text not null,
    run_id bigint not null,
    created_at timestamptz not null default now()
);
create index reference_aliases_by_source on forebay.reference_aliases (source_id);
comment on table forebay.reference_aliases is 'Computed ids of keys that were moved by a re-key, and the references that they lead to.';
comment on column forebay.reference_aliases.alias_id is 'The id computed from the new key.';
comment on column forebay.reference_aliases.reference_id is 'The reference that was kept.';
comment on column forebay.reference_aliases.source_id is 'Its source.';
comment on column forebay.reference_aliases.record_key is 'The new key.';
comment on column forebay.reference_aliases.run_id is 'The held run whose changes were taken as a re-key.';
comment on column forebay.reference_aliases.created_at is 'When.';

create table forebay.scrape_run_changes (
    run_id bigint not null,
    reference_id uuid not null,
    change text not null constraint scrape_run_changes_change_check check (change in ('seen', 'removed')),
    version_hash bytea,
    line bigint,
    fetched_at timestamptz,
    url text,
    record_key text,
    payload json,
    primary key (run_id, reference_id),
    constraint scrape_run_changes_seen_check
        check (change = 'removed' or (version_hash is not null and record_key is not null and payload is not null))
);
comment on table forebay.scrape_run_changes is
    'What a run under guards would change, staged until the guards have spoken; the changes of a held run wait here.';
comment on column forebay.scrape_run_changes.run_id is 'The run.';
comment on column forebay.scrape_run_changes.reference_id is 'The reference that would change.';
comment on column forebay.scrape_run_changes.change is 'seen: a record that differs from what is stored; removed: a reference that was not seen.';
comment on column forebay.scrape_run_changes.version_hash is 'Hash of the record that was seen.';
comment on column forebay.scrape_run_changes.line is 'Where in the input it stood.';
comment on column forebay.scrape_run_changes.fetched_at is 'When its page was fetched.';
comment on column forebay.scrape_run_changes.url is 'The page that it stood on, if the run read pages.';
comment on column forebay.scrape_run_changes.record_key is 'Its key.';
comment on column forebay.scrape_run_changes.payload is 'Its payload, as it will be stored.';
