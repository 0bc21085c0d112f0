-- The state of scraping: the freshness of each scope, circuit breakers, schedules, pages and logs.
--
-- All tables except logs and pages are small and updated in place; on Citus they stay on the coordinator, like
-- ingestion_handoffs. The primary keys of pages and logs contain their distribution columns, source_id and run_id.
-- Tables with one row for each source or page have foreign keys, those with one row for each record don't (see
-- 0006_integrity). None references a run, because runs may be deleted before the rows here.

-- Freshness ledger ----------------------------------------------------------------------------------------------------

create table forebay.sync_metadata (
    entity_type text not null constraint sync_metadata_entity_type_check check (entity_type <> ''),
    scope text not null,
    status text not null constraint sync_metadata_status_check check (status in ('in_progress', 'success', 'failed')),
    attempt bigint not null constraint sync_metadata_attempt_check check (attempt >= 1),
    last_sync timestamptz,
    started_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    lease_until timestamptz,
    holder uuid,
    is_partial boolean not null default false,
    num_failures int not null default 0 constraint sync_metadata_num_failures_check check (num_failures >= 0),
    num_records bigint,
    run_id bigint,
    synced_run_id bigint,
    source_name text,
    error_code text,
    error text,
    constraint sync_metadata_pkey primary key (entity_type, scope),
    constraint sync_metadata_lease_check
        check (num_nonnulls(holder, lease_until) = case status when 'in_progress' then 2 else 0 end),
    constraint sync_metadata_error_check check (status <> 'failed' or error_code is not null)
) with (fillfactor = 70);
comment on table forebay.sync_metadata is
    'The freshness ledger: the last successful sync and the current attempt of each entity type and scope.';
comment on column forebay.sync_metadata.entity_type is 'The entity type (course, event, …).';
comment on column forebay.sync_metadata.scope is
    'The scope, as key=value pairs sorted by key; empty: everything.';
comment on column forebay.sync_metadata.status is
    'State of the last attempt: in_progress (abandoned once lease_until has passed), success or failed.';
comment on column forebay.sync_metadata.attempt is
    'Number of the last attempt. To start one, a caller passes the number it read; only one caller succeeds.';
comment on column forebay.sync_metadata.last_sync is
    'When a sync of the whole scope last succeeded; failures and partial syncs don''t change it. Null: never.';
comment on column forebay.sync_metadata.started_at is 'When the last attempt started.';
comment on column forebay.sync_metadata.updated_at is 'When this row last changed.';
comment on column forebay.sync_metadata.lease_until is 'When the lease of the current attempt expires.';
comment on column forebay.sync_metadata.holder is
    'The receipt of the current attempt, required to extend or end it.';
comment on column forebay.sync_metadata.is_partial is 'The last successful attempt covered only part of the scope.';
comment on column forebay.sync_metadata.num_failures is 'Failed attempts since the last success.';
comment on column forebay.sync_metadata.num_records is 'Records of the sync at last_sync.';
comment on column forebay.sync_metadata.run_id is 'The run of the last attempt that had one.';
comment on column forebay.sync_metadata.synced_run_id is
    'The run of the sync at last_sync; run_id is that of a later attempt if one failed. Null: there is none.';
comment on column forebay.sync_metadata.source_name is 'The source of the sync at last_sync.';
comment on column forebay.sync_metadata.error_code is
    'Why the last attempt failed, as a stable word; null after a success.';
comment on column forebay.sync_metadata.error is 'Why, as a sentence.';

-- Breakers ------------------------------------------------------------------------------------------------------------

create table forebay.circuit_breaker_state (
    source_id int not null,
    num_opened int not null default 0,
    num_recovered int not null default 0,
    changed_at timestamptz not null,
    opened_at timestamptz,
    retry_at timestamptz,
    updated_at timestamptz not null default now(),
    failure_streak double precision not null default 0,
    state text not null constraint circuit_breaker_state_state_check
        check (state in ('closed', 'open', 'half_open', 'forced_open', 'disabled')),
    reason_code text not null constraint circuit_breaker_state_reason_code_check check (reason_code in (
        'new', 'failure_rate', 'consecutive_failures', 'probe_failed', 'wait_over', 'recovered', 'opened_by_operator',
        'closed_by_operator', 'reset_by_operator', 'disabled_by_operator')),
    outcomes text[] not null default '{}' constraint circuit_breaker_state_outcomes_check check (outcomes <@ array[
        'success', 'transient', 'throttled', 'permanent', 'zero_records', 'coverage_drop', 'configuration']),
    outcome_times timestamptz[] not null default '{}',
    probes uuid[] not null default '{}',
    probe_leases timestamptz[] not null default '{}',
    constraint circuit_breaker_state_pkey primary key (source_id),
    constraint circuit_breaker_state_source_id_fkey
        foreign key (source_id) references forebay.sources on delete cascade,
    constraint circuit_breaker_state_retry_check check ((state = 'open') = (retry_at is not null)),
    constraint circuit_breaker_state_window_check check (cardinality(outcomes) = cardinality(outcome_times)),
    constraint circuit_breaker_state_probes_check check (cardinality(probes) = cardinality(probe_leases))
) with (fillfactor = 50);
comment on table forebay.circuit_breaker_state is
    'Circuit breakers of sources, shared by all workers. A source without a row has a closed breaker.';
comment on column forebay.circuit_breaker_state.source_id is 'The source.';
comment on column forebay.circuit_breaker_state.num_opened is
    'How often it opened since it last recovered; the wait grows each time.';
comment on column forebay.circuit_breaker_state.num_recovered is 'Probes that succeeded while half open.';
comment on column forebay.circuit_breaker_state.changed_at is 'When it entered its state.';
comment on column forebay.circuit_breaker_state.opened_at is 'When it last opened.';
comment on column forebay.circuit_breaker_state.retry_at is 'When it allows the first probe; null: it is not open.';
comment on column forebay.circuit_breaker_state.updated_at is 'When this row last changed.';
comment on column forebay.circuit_breaker_state.failure_streak is
    'Weighted failures since the last success.';
comment on column forebay.circuit_breaker_state.state is
    'closed (requests allowed), open (requests refused), half_open (probes only), or set by an operator: forced_open, disabled.';
comment on column forebay.circuit_breaker_state.reason_code is 'Why it is in its state.';
comment on column forebay.circuit_breaker_state.outcomes is 'Outcomes of the last calls, oldest first.';
comment on column forebay.circuit_breaker_state.outcome_times is 'When each of them ended.';
comment on column forebay.circuit_breaker_state.probes is 'Receipts of the pending probes.';
comment on column forebay.circuit_breaker_state.probe_leases is
    'When the lease of each pending probe expires; another probe is then allowed.';

create table forebay.circuit_breaker_transitions (
    transition_id bigint generated always as identity,
    source_id int not null,
    run_id bigint,
    changed_at timestamptz not null,
    from_state text not null constraint circuit_breaker_transitions_from_state_check
        check (from_state in ('closed', 'open', 'half_open', 'forced_open', 'disabled')),
    to_state text not null constraint circuit_breaker_transitions_to_state_check
        check (to_state in ('closed', 'open', 'half_open', 'forced_open', 'disabled')),
    reason_code text not null constraint circuit_breaker_transitions_reason_code_check check (reason_code in (
        'new', 'failure_rate', 'consecutive_failures', 'probe_failed', 'wait_over', 'recovered', 'opened_by_operator',
        'closed_by_operator', 'reset_by_operator', 'disabled_by_operator')),
    constraint circuit_breaker_transitions_pkey primary key (source_id, transition_id),
    constraint circuit_breaker_transitions_source_id_fkey
        foreign key (source_id) references forebay.sources on delete cascade
);
comment on table forebay.circuit_breaker_transitions is 'State changes of circuit breakers, with reasons.';
comment on column forebay.circuit_breaker_transitions.transition_id is 'Newer transitions have higher ids.';
comment on column forebay.circuit_breaker_transitions.source_id is 'The source.';
comment on column forebay.circuit_breaker_transitions.run_id is 'The run whose end caused it, if any.';
comment on column forebay.circuit_breaker_transitions.changed_at is 'When it changed.';
comment on column forebay.circuit_breaker_transitions.from_state is 'The state before.';
comment on column forebay.circuit_breaker_transitions.to_state is 'The state after.';
comment on column forebay.circuit_breaker_transitions.reason_code is 'Why.';

-- Schedules -----------------------------------------------------------------------------------------------------------

create table forebay.source_schedules (
    source_id int not null,
    enabled boolean not null default true,
    jitter_seconds double precision not null default 0
        constraint source_schedules_jitter_check check (jitter_seconds >= 0),
    next_due_at timestamptz,
    claimed_until timestamptz,
    last_due_at timestamptz,
    updated_at timestamptz not null default now(),
    claim uuid,
    last_run_id bigint,
    scope text not null,
    expression text not null,
    time_zone text not null,
    claimed_by text,
    project text,
    constraint source_schedules_pkey primary key (source_id, scope),
    constraint source_schedules_source_id_fkey foreign key (source_id) references forebay.sources on delete cascade,
    constraint source_schedules_claim_check check (num_nonnulls(claim, claimed_until, claimed_by) in (0, 3))
) with (fillfactor = 70);
comment on table forebay.source_schedules is 'Schedules of sources by scope, and which worker runs them.';
comment on column forebay.source_schedules.source_id is 'The source.';
comment on column forebay.source_schedules.enabled is 'False: it doesn''t run.';
comment on column forebay.source_schedules.jitter_seconds is
    'Maximum delay of a run; the actual delay is computed from source and scope.';
comment on column forebay.source_schedules.next_due_at is
    'When it runs next; while claimed, the scheduled time of the current run. Null: no future time matches.';
comment on column forebay.source_schedules.claimed_until is
    'When the lease of the worker that runs it expires; another worker may then run it.';
comment on column forebay.source_schedules.last_due_at is 'The scheduled time of its last run.';
comment on column forebay.source_schedules.updated_at is 'When this row last changed.';
comment on column forebay.source_schedules.claim is 'The receipt of the worker that runs it.';
comment on column forebay.source_schedules.last_run_id is 'Its last run.';
comment on column forebay.source_schedules.scope is 'The scope to scrape.';
comment on column forebay.source_schedules.expression is 'every 6h, or the five fields of cron.';
comment on column forebay.source_schedules.time_zone is 'The IANA time zone of the cron fields.';
comment on column forebay.source_schedules.claimed_by is 'The name of the worker that runs it.';
comment on column forebay.source_schedules.project is 'The project whose forebay.toml declared it; null: unknown.';

-- State of incremental sources ----------------------------------------------------------------------------------------

create table forebay.source_states (
    source_id int not null,
    run_id bigint,
    updated_at timestamptz not null default now(),
    scope text not null,
    state jsonb not null,
    constraint source_states_pkey primary key (source_id, scope),
    constraint source_states_source_id_fkey foreign key (source_id) references forebay.sources on delete cascade
);
comment on table forebay.source_states is
    'The state of incremental sources (Singer''s STATE), written in the same transaction as the records.';
comment on column forebay.source_states.source_id is 'The source.';
comment on column forebay.source_states.run_id is 'The run that last wrote it.';
comment on column forebay.source_states.updated_at is 'When it was last written.';
comment on column forebay.source_states.scope is 'The scope.';
comment on column forebay.source_states.state is 'The state as the source sent it, passed back to its next run.';

-- Pages ---------------------------------------------------------------------------------------------------------------

create table forebay.http_validators (
    source_id int not null,
    parser_version int not null,
    run_id bigint not null,
    fetched_at timestamptz not null,
    fresh_until timestamptz,
    num_records int not null constraint http_validators_num_records_check check (num_records >= 0),
    url_hash bytea not null constraint http_validators_url_hash_check check (octet_length(url_hash) = 32),
    url text not null,
    etag text,
    last_modified text,
    reference_ids uuid[] not null default '{}',
    field_counts jsonb not null default '{}',
    links jsonb not null default '[]',
    constraint http_validators_pkey primary key (source_id, url_hash),
    constraint http_validators_source_id_fkey foreign key (source_id) references forebay.sources on delete cascade
);
create index http_validators_by_age on forebay.http_validators (fetched_at);
comment on table forebay.http_validators is
    'HTTP validators and results of each page, so an unchanged page isn''t read again.';
comment on column forebay.http_validators.source_id is 'The source that was read.';
comment on column forebay.http_validators.parser_version is 'The parser version that read it; for another version the page is new.';
comment on column forebay.http_validators.run_id is
    'The run that read it. The page is read again unless that run ended as complete or partial.';
comment on column forebay.http_validators.fetched_at is 'When it was read.';
comment on column forebay.http_validators.fresh_until is
    'Until when its server declared it fresh (RFC 9111); null: it must be revalidated.';
comment on column forebay.http_validators.num_records is 'Number of its records.';
comment on column forebay.http_validators.url_hash is
    'SHA-256 of the URL and of everything else that determines the page''s results; a URL may be too long for an index.';
comment on column forebay.http_validators.url is 'The requested URL, without secrets.';
comment on column forebay.http_validators.etag is 'Its entity tag as received (RFC 9110), for If-None-Match.';
comment on column forebay.http_validators.last_modified is 'Its Last-Modified as received, for If-Modified-Since.';
comment on column forebay.http_validators.reference_ids is 'The references of its records.';
comment on column forebay.http_validators.field_counts is 'Number of its records in which each field had a value.';
comment on column forebay.http_validators.links is 'Its links.';

-- Logs ----------------------------------------------------------------------------------------------------------------

-- Not an identity column: a partition that is created separately and then attached can't have one.
create sequence forebay.scrape_logs_log_id_seq as bigint;
create table forebay.scrape_logs (
    log_id bigint not null default nextval('forebay.scrape_logs_log_id_seq'),
    run_id bigint not null,
    logged_at timestamptz not null,
    level text not null constraint scrape_logs_level_check check (level in ('debug', 'info', 'warn', 'error')),
    message text not null,
    metadata jsonb not null default '{}',
    constraint scrape_logs_pkey primary key (run_id, log_id, logged_at)
) partition by range (logged_at);
alter sequence forebay.scrape_logs_log_id_seq owned by forebay.scrape_logs.log_id;
-- As the other tables with many rows (see 0006_integrity).
do $$
begin
    if current_setting('server_version_num')::int >= 180000 then
        execute 'alter table forebay.scrape_logs add foreign key (run_id) references forebay.scrape_runs not enforced';
    end if;
end $$;
-- Warnings and errors are few among the lines of a run.
create index scrape_logs_problems on forebay.scrape_logs (run_id, log_id) where level in ('warn', 'error');
-- Both for forebay.search_logs, which has the same expression. Metadata is left out: it has a URL on each line, and
-- indexing it took 95 µs a line instead of 25, in an index larger than the lines.
create index scrape_logs_by_time on forebay.scrape_logs (logged_at, log_id);
create index scrape_logs_words on forebay.scrape_logs
    using gin (to_tsvector('pg_catalog.simple', left(message, 10000)));
comment on table forebay.scrape_logs is 'Log lines of runs; partitioned by month of logged_at.';
comment on column forebay.scrape_logs.log_id is 'Newer lines of a run have higher ids.';
comment on column forebay.scrape_logs.run_id is 'The run that logged it.';
comment on column forebay.scrape_logs.logged_at is 'When it was logged.';
comment on column forebay.scrape_logs.level is 'debug, info, warn or error.';
comment on column forebay.scrape_logs.message is 'The message, without secrets and payload values.';
comment on column forebay.scrape_logs.metadata is 'Its details: url, status, error code, durations.';

create function forebay.search_logs(
    words text, since timestamptz, until timestamptz default 'infinity', max_lines int default 100)
returns setof forebay.scrape_logs
language plpgsql stable
set search_path = pg_catalog, pg_temp
-- Going back in time for frequent words takes 2 ms, and starting workers for it 30 ms.
set max_parallel_workers_per_gather = 0
as $$
declare
    query tsquery := websearch_to_tsquery('pg_catalog.simple', words);
    -- The index has no positions. It finds the lines with all words of a phrase, and parsing each of them again would
    -- take most of the time. So they are parsed newest first until there are enough, and a pattern skips those where
    -- the words are apart. Lines that are not plain ASCII, or may contain tags or URLs, are always parsed.
    all_words text := replace(query::text, ' <-> ', ' & ');
    patterns text[] := '{}';
begin
    if all_words ~ '[|!<>()]' then
        all_words := query::text;
    else
        patterns := array(
            select replace(replace(phrase, ''' <-> ''', '[^a-z0-9]+'), '''', '') || '|[<&]|://|[^ -~\t\r\n]'
            from regexp_split_to_table(query::text, ' & ') as phrase
            where phrase ~ '^''[a-z0-9]+''( <-> ''[a-z0-9]+'')+$');
    end if;
    -- "execute" plans for these words: frequent ones are found by going back in time, rare ones by their index.
    return query execute $query$
        select l.*
        from (
            select l.*
            from forebay.scrape_logs as l
            where l.logged_at >= $2 and l.logged_at < $3
                and to_tsvector('pg_catalog.simple', left(l.message, 10000)) @@ $5
            order by l.logged_at desc, l.log_id desc
            -- Keeps the condition below out of here. The order is that of the result: sorting again would read all.
            offset 0) as l
        where l.message ~* all ($6) and to_tsvector('pg_catalog.simple', left(l.message, 10000)) @@ $1
        limit $4 $query$
    using query, since, until, max_lines, all_words::tsquery, patterns;
end $$;
comment on function forebay.search_logs(text, timestamptz, timestamptz, int) is
    'The newest log lines of all runs with these words in their message, in the syntax of websearch_to_tsquery.';

-- Drops the partitions of months that ended before a time, and returns their names.
create function forebay_private.drop_log_months(before timestamptz, dry_run boolean default false) returns setof text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
-- Dropping waits for readers, and new readers wait behind it. Better to fail and retry later.
set lock_timeout = '2s'
as $$
declare
    name text;
begin
    for name in
        select c.relname
        from pg_inherits as i
        join pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'forebay.scrape_logs'::regclass
            and c.relname ~ '^scrape_logs_[0-9]{6}$'
            and to_timestamp(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= before
        order by c.relname
    loop
        if not dry_run then
            execute format('drop table forebay.%I', name);
        end if;
        return next name;
    end loop;
end $$;

-- Upkeep of the tables that are partitioned by month. Creates the partitions of this month and the next ones, so that
-- other programs can write at any time, and drops the months of logs that ended longer ago than log_retention (null:
-- none). Returns the partitions, and whether each was created or dropped. Revisions and measurements are kept: an
-- earlier payload is computed from all later revisions.
create function forebay_private.maintain_months(
    log_retention interval default '30 days', months_ahead int default 2, dry_run boolean default false)
returns table (change text, partition_name text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    parent text;
    month timestamptz;
begin
    change := 'created';
    for parent, month in
        select c.relname, date_trunc('month', now()) + make_interval(months => n)
        from pg_class as c
        cross join generate_series(0, months_ahead) as n
        where c.relnamespace = 'forebay'::regnamespace and c.relkind = 'p'
        order by 1, 2
    loop
        partition_name := parent || '_' || to_char(month, 'YYYYMM');
        continue when to_regclass('forebay.' || partition_name) is not null;
        if not dry_run then
            perform forebay_private.ensure_month(parent, month);
        end if;
        return next;
    end loop;
    return query
        select 'dropped', d.name
        from forebay_private.drop_log_months(now() - log_retention, dry_run) as d (name);
end $$;

-- Drift ---------------------------------------------------------------------------------------------------------------

create table forebay.scrape_run_drift (
    run_id bigint not null,
    field_name text not null,
    change text not null constraint scrape_run_drift_change_check check (change in (
        'new', 'lost', 'retyped', 'wrong_type', 'missing')),
    old_types text[] not null constraint scrape_run_drift_old_types_check
        check (old_types <@ array['array', 'boolean', 'number', 'object', 'string']),
    new_types text[] not null constraint scrape_run_drift_new_types_check
        check (new_types <@ array['array', 'boolean', 'number', 'object', 'string']),
    constraint scrape_run_drift_pkey primary key (run_id, field_name),
    constraint scrape_run_drift_run_id_fkey foreign key (run_id) references forebay.scrape_runs on delete cascade
);
comment on table forebay.scrape_run_drift is
    'Fields whose shape in a run differs from the last good runs of its scope, or from the declaration of the entity type.';
comment on column forebay.scrape_run_drift.run_id is 'The run.';
comment on column forebay.scrape_run_drift.field_name is 'A top-level field of the payload.';
comment on column forebay.scrape_run_drift.change is
    'new: no values in the good runs; lost: no values in this run; retyped: values of another type; wrong_type: values that are not of the declared type; missing: required, without a value in some records.';
comment on column forebay.scrape_run_drift.old_types is 'The JSON types of its values in the good runs, or those that are declared, sorted.';
comment on column forebay.scrape_run_drift.new_types is 'The JSON types of its values in this run, sorted; of a declared field, those of its wrong values.';

-- Only roles that work with Forebay's tables need these functions. Every migration that adds one ends like this.
revoke all on all functions in schema forebay, forebay_private from public;
