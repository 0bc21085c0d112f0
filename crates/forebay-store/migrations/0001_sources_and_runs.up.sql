-- Sources, the pipelines that subscribe to their changes, and the runs that read sources. All of these tables are
-- small: on Citus they are reference tables.

create table forebay.sources (
    source_id int generated always as identity primary key,
    name text not null
        constraint sources_name_key unique
        constraint sources_name_check check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
    entity_type text not null constraint sources_entity_type_check check (entity_type <> ''),
    key_fields text[] not null constraint sources_key_fields_check check (cardinality(key_fields) >= 1),
    policy jsonb not null default '{}',
    parser_version int not null default 1 constraint sources_parser_version_check check (parser_version >= 1),
    kind text,
    settings jsonb not null default '{}',
    enabled boolean not null default true,
    is_published boolean not null default false,
    sends_end_line boolean not null default false,
    fallback text[] not null default '{}',
    project text constraint sources_project_check check (project <> ''),
    declared_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table forebay.sources is 'Something that yields records: a site, feed, file drop, spider, tap or generator.';
comment on column forebay.sources.source_id is 'Short id inside this database.';
comment on column forebay.sources.name is 'Stable name; every reference_id is computed from it, so renaming a source is a re-key.';
comment on column forebay.sources.entity_type is 'The type of its records (course, event, …), copied to each reference.';
comment on column forebay.sources.key_fields is 'Fields whose values form the record_key, in order: names or JSON pointers (RFC 6901).';
comment on column forebay.sources.policy is 'Field rules and duplicate policy as last used.';
comment on column forebay.sources.parser_version is 'Incremented when key fields or field rules change; hashes are comparable only within one parser version.';
comment on column forebay.sources.kind is
    'How Forebay reads it (http_json, html, feed, …), as in forebay.toml; null: other programs supply its records.';
comment on column forebay.sources.settings is
    'Its table in forebay.toml as last declared. It never contains secrets, only the names of the variables or files that do.';
comment on column forebay.sources.enabled is 'False: it is not scraped; its stored data stays available.';
comment on column forebay.sources.is_published is
    'True: signed-in users of the API may read its active references and their revisions.';
comment on column forebay.sources.sends_end_line is
    'An input of it has had an end line, so one without it is not complete unless the policy says otherwise.';
comment on column forebay.sources.fallback is 'Names of the sources to try, in order, when it fails.';
comment on column forebay.sources.project is
    'The project whose forebay.toml declared it, and whose declaration counts; null: none has.';
comment on column forebay.sources.declared_at is 'When forebay.toml last changed its declaration; null: no forebay.toml declares it.';
comment on column forebay.sources.created_at is 'When the source was first declared or used.';
comment on column forebay.sources.updated_at is 'When this row last changed.';

create table forebay.pipelines (
    pipeline_id int generated always as identity primary key,
    name text not null
        constraint pipelines_name_key unique
        constraint pipelines_name_check check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
    source_name text,
    entity_types text[] not null default '{}',
    changed_fields text[] not null default '{}',
    handler text not null constraint pipelines_handler_check check
        (handler in ('table', 'documents', 'webhook', 'exec', 'external')),
    config jsonb not null default '{}',
    effect jsonb not null default '{}',
    receiver text,
    retry jsonb not null default '{}',
    max_active int constraint pipelines_max_active_check check (max_active >= 1),
    rate_limit double precision constraint pipelines_rate_limit_check check (rate_limit > 0),
    limit_key text[],
    limit_key_is_url boolean not null default false,
    key_max_active int constraint pipelines_key_max_active_check check (key_max_active >= 1),
    key_rate_limit double precision constraint pipelines_key_rate_limit_check check (key_rate_limit > 0),
    max_pause_seconds double precision constraint pipelines_max_pause_seconds_check check (max_pause_seconds >= 0),
    worker_role text constraint pipelines_worker_role_check
        check (worker_role is null or (handler = 'external' and worker_role <> '')),
    enabled boolean not null default true,
    project text constraint pipelines_project_check check (project <> ''),
    disabled_at timestamptz,
    disabled_reason text constraint pipelines_disabled_reason_check check
        (disabled_reason in ('endpoint_failing', 'operator') and (disabled_reason is null) = (disabled_at is null)),
    failing_since timestamptz,
    num_failures int not null default 0,
    created_at timestamptz not null default now(),
    configured_at timestamptz not null default now(),
    receiver_changed_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    repair_began_at timestamptz,
    target_table text,
    target_oid oid,
    is_target_own boolean not null default false,
    constraint pipelines_limit_key_check
        check (limit_key is not null or num_nonnulls(key_max_active, key_rate_limit) = 0)
);
comment on table forebay.pipelines is 'Destinations of changes: one ingestion path with its handler each.';
comment on column forebay.pipelines.pipeline_id is 'Short id inside this database.';
comment on column forebay.pipelines.name is 'Stable name, as in forebay.toml.';
comment on column forebay.pipelines.source_name is 'The only source whose changes it takes; null: all sources.';
comment on column forebay.pipelines.entity_types is 'The only entity types that it takes; empty: all types.';
comment on column forebay.pipelines.changed_fields is
    'It takes new versions only if one of these top-level fields changed; empty: all new versions.';
comment on column forebay.pipelines.handler is
    'What applies a change: table, documents, webhook, exec, or external (workers that call forebay.claim_jobs).';
comment on column forebay.pipelines.config is 'Settings of the handler.';
comment on column forebay.pipelines.effect is
    'The part of the settings that decides what is sent or written. Default values are left out.';
comment on column forebay.pipelines.receiver is
    'A digest of where changes are sent: the URL or the command. Null: the handler sends nothing.';
comment on column forebay.pipelines.retry is
    'Overrides of forebay.failure_policies: max_failures and the delays in seconds, by failure class.';
comment on column forebay.pipelines.max_active is 'Maximum number of jobs claimed at a time by all workers together; null: unlimited.';
comment on column forebay.pipelines.rate_limit is 'Maximum number of jobs claimed per second by all workers together; null: unlimited.';
comment on column forebay.pipelines.limit_key is 'The path of the payload field whose value is the key of per-key limits.';
comment on column forebay.pipelines.limit_key_is_url is 'The field contains a URL whose host is the key.';
comment on column forebay.pipelines.key_max_active is 'Like max_active, for each key.';
comment on column forebay.pipelines.key_rate_limit is 'Like rate_limit, for each key.';
comment on column forebay.pipelines.max_pause_seconds is
    'How long a receiver may pause it; a request for longer is shortened. Null: an hour.';
comment on column forebay.pipelines.worker_role is
    'The role whose members may work for it, if its handler is external; null: forebay_worker.';
comment on column forebay.pipelines.enabled is 'False: no new hand-offs are queued for it.';
comment on column forebay.pipelines.project is
    'The project whose forebay.toml declared it, and whose declaration counts; null: none has.';
comment on column forebay.pipelines.disabled_at is
    'Since when its workers leave it alone, although it still gets hand-offs; null: they work for it.';
comment on column forebay.pipelines.disabled_reason is
    'Why: endpoint_failing (all deliveries failed for longer than its policy allows) or operator.';
comment on column forebay.pipelines.failing_since is 'Since when all deliveries to its endpoint have failed; null: the last ones have not.';
comment on column forebay.pipelines.num_failures is 'How many have failed since then.';
comment on column forebay.pipelines.created_at is 'When it was first declared.';
comment on column forebay.pipelines.configured_at is
    'When its handler or effect last changed; what was queued earlier has to be handed off again.';
comment on column forebay.pipelines.receiver_changed_at is
    'When its receiver last changed; what was queued earlier and failed has to be handed off again.';
comment on column forebay.pipelines.updated_at is 'When its declaration last changed.';
comment on column forebay.pipelines.repair_began_at is
    'When a declaration began to hand off the references that it misses; null: all were handed off.';
comment on column forebay.pipelines.target_table is
    'The table that its workers used last, quoted. If it is gone, so is everything that was written to it. Null: none yet.';
comment on column forebay.pipelines.target_oid is
    'The oid of target_table when a worker opened it. In a restored database, tables have other oids.';
comment on column forebay.pipelines.is_target_own is 'Forebay created target_table, so it decides who may read it.';

-- Makes every source searchable without configuration; forebay.toml can change or disable this pipeline.
insert into forebay.pipelines (name, source_name, handler) values ('documents', null, 'documents');

create table forebay.scrape_runs (
    run_id bigint generated always as identity primary key,
    source_id int not null,
    scope text not null,
    status text not null constraint scrape_runs_status_check
        check (status in ('running', 'complete', 'partial', 'held', 'failed', 'aborted')),
    reason_code text,
    message text,
    is_complete boolean not null,
    guards jsonb,
    with_handoffs boolean not null,
    engine text not null,
    input text not null,
    observed_at timestamptz not null,
    started_at timestamptz not null default now(),
    heartbeat_at timestamptz not null default now(),
    ended_at timestamptz,
    duration_ms bigint,
    num_seen bigint not null default 0,
    num_added bigint not null default 0,
    num_updated bigint not null default 0,
    num_unchanged bigint not null default 0,
    num_removed bigint not null default 0,
    num_restored bigint not null default 0,
    num_duplicate bigint not null default 0,
    num_rejected bigint not null default 0,
    num_handoffs bigint not null default 0,
    num_requests bigint not null default 0,
    num_not_modified bigint not null default 0,
    bytes_received bigint not null default 0,
    hosts jsonb not null default '[]',
    num_active_before bigint,
    num_withheld bigint not null default 0,
    num_rekeyed bigint not null default 0,
    num_split bigint not null default 0,
    is_ordinary boolean not null default false,
    reverted_by bigint,
    is_on_demand boolean not null default false,
    constraint scrape_runs_ended_check check ((status = 'running') = (ended_at is null))
) with (fillfactor = 70);
-- Progress updates touch no indexed column, so they stay on the page (HOT).
create unique index scrape_runs_one_running on forebay.scrape_runs (source_id, scope) where status = 'running';
create index scrape_runs_by_scope on forebay.scrape_runs (source_id, scope, run_id);
create index scrape_runs_by_time on forebay.scrape_runs (source_id, started_at);
comment on table forebay.scrape_runs is 'One execution for one source and scope: what it saw, what it changed, how it ended and why.';
comment on column forebay.scrape_runs.run_id is 'Short id that operators type.';
comment on column forebay.scrape_runs.source_id is 'The source that was read.';
comment on column forebay.scrape_runs.scope is 'The part of the source that it covers, as key=value pairs sorted by key; empty: the whole source.';
comment on column forebay.scrape_runs.status is 'running (START), complete, partial (done, input partly unreadable), held (a guard tripped), failed (FAIL), aborted (ABORT).';
comment on column forebay.scrape_runs.reason_code is 'Why it has this status, as a stable word.';
comment on column forebay.scrape_runs.message is 'The reason as a sentence.';
comment on column forebay.scrape_runs.is_complete is 'It was declared to cover its scope completely, so references that it did not see may be removed.';
comment on column forebay.scrape_runs.guards is 'The thresholds in force; null: guards were off.';
comment on column forebay.scrape_runs.with_handoffs is 'Its changes are handed off to pipelines.';
comment on column forebay.scrape_runs.engine is 'What supplied the records (persist, demo, …).';
comment on column forebay.scrape_runs.input is 'The file or URL; - for standard input.';
comment on column forebay.scrape_runs.observed_at is 'When the source was observed; changes take effect in history at this time.';
comment on column forebay.scrape_runs.started_at is 'When Forebay began to record it.';
comment on column forebay.scrape_runs.heartbeat_at is 'When its process last reported.';
comment on column forebay.scrape_runs.ended_at is 'When it ended; null while it runs.';
comment on column forebay.scrape_runs.duration_ms is 'How long it took, in milliseconds.';
comment on column forebay.scrape_runs.num_seen is 'Records read, good and bad.';
comment on column forebay.scrape_runs.num_added is 'New references.';
comment on column forebay.scrape_runs.num_updated is 'References with a new version.';
comment on column forebay.scrape_runs.num_unchanged is 'References seen with unchanged content.';
comment on column forebay.scrape_runs.num_removed is 'References of the scope that were not seen and became tombstones.';
comment on column forebay.scrape_runs.num_restored is 'Tombstones that came back.';
comment on column forebay.scrape_runs.num_duplicate is 'Records whose key the run had already seen.';
comment on column forebay.scrape_runs.num_rejected is 'Records that could not be used, each kept in rejected_records.';
comment on column forebay.scrape_runs.num_handoffs is 'Hand-offs queued.';
comment on column forebay.scrape_runs.num_requests is 'HTTP requests sent, including retries and redirects.';
comment on column forebay.scrape_runs.num_not_modified is 'Responses with status 304 (not modified).';
comment on column forebay.scrape_runs.bytes_received is 'Bytes of response bodies received over the network.';
comment on column forebay.scrape_runs.hosts is
    'The hosts that it sent requests to, at most 100: an array of {host, num_requests, num_not_modified, seconds}, the time between the first and the last request.';
comment on column forebay.scrape_runs.num_active_before is
    'Active references of its scope before its end; null: no guard asked.';
comment on column forebay.scrape_runs.num_withheld is 'Changes that guards withheld; a pair of keys is one.';
comment on column forebay.scrape_runs.num_rekeyed is 'References that it moved to other keys.';
comment on column forebay.scrape_runs.num_split is
    'Pairs of a suspected re-key that were applied as removals and additions, or would be if it were released.';
comment on column forebay.scrape_runs.is_ordinary is
    'Guards found nothing suspicious in the run itself, so later runs learn from it.';
comment on column forebay.scrape_runs.reverted_by is 'The run that undid it; null: none.';
comment on column forebay.scrape_runs.is_on_demand is
    'It was forced, or an AI tool started it; such runs limit how often AI tools may force others.';

-- A table of its own, not columns of the run: a decision about a run that has ended takes the scope as well, and so
-- does a run before it has a row. Heartbeats touch no indexed column, so they stay on the page (HOT).
create table forebay.scope_leases (
    source_id int not null constraint scope_leases_source_id_fkey references forebay.sources on delete cascade,
    scope text not null,
    holder uuid,
    holder_name text,
    lease_until timestamptz not null,
    backend_pid int,
    backend_start timestamptz,
    constraint scope_leases_pkey primary key (source_id, scope)
) with (fillfactor = 50);
comment on table forebay.scope_leases is 'Who may write in a scope: one run or one decision about a run at a time.';
comment on column forebay.scope_leases.source_id is 'The source.';
comment on column forebay.scope_leases.scope is 'The part of the source, as in scrape_runs.';
comment on column forebay.scope_leases.holder is 'The holder''s token; every transaction that writes checks it. Null: the scope is free.';
comment on column forebay.scope_leases.holder_name is 'Its process, for messages.';
comment on column forebay.scope_leases.lease_until is 'When the lease expires unless a heartbeat extends it, by the clock of this server.';
comment on column forebay.scope_leases.backend_pid is
    'The server process of a direct connection that lives as long as the holder; null: it connects through a pooler.';
comment on column forebay.scope_leases.backend_start is 'When that server process started, because ids are used again.';

create function forebay_private.is_held(lease forebay.scope_leases) returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select lease.holder is not null
        and lease.lease_until > clock_timestamp()
        -- The server shows the start of other roles' processes to some roles only.
        and (lease.backend_pid is null or exists (
            select from pg_stat_activity as a
            where a.pid = lease.backend_pid and coalesce(a.backend_start = lease.backend_start, true)
        ))
$$;
revoke all on function forebay_private.is_held from public;
comment on function forebay_private.is_held is
    'Whether a lease on a scope is valid: not expired, and its holder still connected as far as that can be known.';

create table forebay.scrape_run_fields (
    run_id bigint not null,
    field_name text not null,
    num_present bigint not null constraint scrape_run_fields_present_check check (num_present >= 0),
    coverage double precision not null constraint scrape_run_fields_coverage_check check (coverage between 0 and 1),
    json_types text[] not null default '{}' constraint scrape_run_fields_json_types_check
        check (json_types <@ array['array', 'boolean', 'number', 'object', 'string']),
    primary key (run_id, field_name)
);
comment on table forebay.scrape_run_fields is 'Coverage: the number of records of a run in which a field had a value.';
comment on column forebay.scrape_run_fields.run_id is 'The run.';
comment on column forebay.scrape_run_fields.field_name is 'A top-level field of the payload.';
comment on column forebay.scrape_run_fields.num_present is 'Records in which it was neither null nor an empty string.';
comment on column forebay.scrape_run_fields.coverage is 'num_present as a share of the run''s good records, 0 to 1.';
comment on column forebay.scrape_run_fields.json_types is
    'The JSON types of its values, sorted: array, boolean, number, object, string; empty: not recorded.';

create table forebay.rejected_records (
    rejected_id bigint generated always as identity primary key,
    run_id bigint not null,
    input text not null,
    line bigint,
    byte_offset bigint,
    reason_code text not null constraint rejected_records_reason_code_check check (reason_code in (
        'invalid_json', 'invalid_csv', 'invalid_utf8', 'record_too_long', 'too_deep', 'duplicate_json_key',
        'number_out_of_range', 'not_an_object', 'truncated_record', 'missing_key', 'null_key', 'empty_key',
        'invalid_key', 'field_name_too_long', 'invalid_record', 'missing_field', 'wrong_type', 'duplicate_key', 'key_reused',
        'older_than_stored', 'outdated_patch', 'refused')),
    message text not null,
    raw_text text,
    raw_bytes bytea,
    raw_length bigint not null,
    rejected_at timestamptz not null default now(),
    constraint rejected_records_raw_check check (num_nonnulls(raw_text, raw_bytes) = 1)
);
create index rejected_records_by_run on forebay.rejected_records (run_id);
comment on table forebay.rejected_records is 'Input that did not become a record, with its location, reason and raw text.';
comment on column forebay.rejected_records.rejected_id is 'Short id.';
comment on column forebay.rejected_records.run_id is 'The run that read it.';
comment on column forebay.rejected_records.input is 'The file or URL that contained it; - for standard input.';
comment on column forebay.rejected_records.line is 'Its line, from 1.';
comment on column forebay.rejected_records.byte_offset is 'Offset of its first byte, from 0, after decompression.';
comment on column forebay.rejected_records.reason_code is 'Why, as a stable word.';
comment on column forebay.rejected_records.message is 'Why, as a sentence that names the location.';
comment on column forebay.rejected_records.raw_text is 'The input, if it is text that Postgres can store.';
comment on column forebay.rejected_records.raw_bytes is 'The input as bytes, if Postgres cannot store it as text.';
comment on column forebay.rejected_records.raw_length is 'Its whole length in bytes; the stored copy is cut at 64 KiB.';
comment on column forebay.rejected_records.rejected_at is 'When it was recorded.';
