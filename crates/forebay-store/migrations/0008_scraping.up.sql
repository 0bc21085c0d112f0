-- What Forebay knows when it scrapes by itself: how fresh each scope is, which sources are out of order, what is due
-- when, what each page yielded, and what runs said.
--
-- All but the logs and pages are small and updated in place: on Citus they stay on the coordinator, like
-- ingestion_jobs. Pages and logs have in their primary key what they would be distributed by: source_id and run_id.
-- Foreign keys stand where a row is written for each source or page, not for each record (see 0005_integrity); none
-- leads to a run, because the trail of a run may be deleted before what it left here.

-- The ledger of freshness ---------------------------------------------------------------------------------------------

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
    source_name text,
    error_code text,
    error text,
    constraint sync_metadata_pkey primary key (entity_type, scope),
    constraint sync_metadata_lease_check
        check (num_nonnulls(holder, lease_until) = case status when 'in_progress' then 2 else 0 end),
    constraint sync_metadata_error_check check (status <> 'failed' or error_code is not null)
) with (fillfactor = 70);
comment on table forebay.sync_metadata is
    'The ledger of freshness: for each entity type and scope its last successful sync, and the one under way.';
comment on column forebay.sync_metadata.entity_type is 'What was asked for (course, event, …).';
comment on column forebay.sync_metadata.scope is
    'The part of it, as key=value pairs sorted by key; empty: all of it.';
comment on column forebay.sync_metadata.status is
    'in_progress (unless lease_until has passed: then its process died), success or failed: the last attempt.';
comment on column forebay.sync_metadata.attempt is
    'Counts attempts. Whoever begins one names the last that it knows of, so that many who saw the same begin one.';
comment on column forebay.sync_metadata.last_sync is
    'When a sync of the whole scope last succeeded; neither failures nor partial syncs touch it. Null: never.';
comment on column forebay.sync_metadata.started_at is 'When the last attempt began.';
comment on column forebay.sync_metadata.updated_at is 'When this row last changed.';
comment on column forebay.sync_metadata.lease_until is 'Until when the attempt under way is believed to be alive.';
comment on column forebay.sync_metadata.holder is
    'The receipt of the attempt under way; only who has it may extend or end it.';
comment on column forebay.sync_metadata.is_partial is 'The last attempt that succeeded covered only a part of the scope.';
comment on column forebay.sync_metadata.num_failures is 'Attempts that failed since one last succeeded.';
comment on column forebay.sync_metadata.num_records is 'Records of the sync at last_sync.';
comment on column forebay.sync_metadata.run_id is 'The run of the last attempt that had one.';
comment on column forebay.sync_metadata.source_name is 'The source that answered at last_sync.';
comment on column forebay.sync_metadata.error_code is
    'Why the last attempt that failed did, as a stable word; null once one succeeded.';
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
    reason_code text not null,
    outcomes text[] not null default '{}',
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
    'Whether a source may be asked, as all workers together found; a source without a row is closed.';
comment on column forebay.circuit_breaker_state.source_id is 'The source.';
comment on column forebay.circuit_breaker_state.num_opened is
    'How often it opened since it last recovered; each time it waits longer.';
comment on column forebay.circuit_breaker_state.num_recovered is 'Probes that succeeded while half open.';
comment on column forebay.circuit_breaker_state.changed_at is 'When it came into its state.';
comment on column forebay.circuit_breaker_state.opened_at is 'When it last opened.';
comment on column forebay.circuit_breaker_state.retry_at is 'When it lets the first probe through; null: it is not open.';
comment on column forebay.circuit_breaker_state.updated_at is 'When this row last changed.';
comment on column forebay.circuit_breaker_state.failure_streak is
    'Failures since the last success, by their weights, however long ago they were.';
comment on column forebay.circuit_breaker_state.state is
    'closed (asked as usual), open (not asked), half_open (probes only), or, by an operator, forced_open or disabled.';
comment on column forebay.circuit_breaker_state.reason_code is 'Why it came into its state.';
comment on column forebay.circuit_breaker_state.outcomes is 'How the last calls ended, oldest first.';
comment on column forebay.circuit_breaker_state.outcome_times is 'When each of them ended.';
comment on column forebay.circuit_breaker_state.probes is 'Receipts of the probes that are out.';
comment on column forebay.circuit_breaker_state.probe_leases is
    'Until when each of them is waited for; then its process is taken for dead and another may probe.';

create table forebay.circuit_breaker_transitions (
    transition_id bigint generated always as identity,
    source_id int not null,
    run_id bigint,
    changed_at timestamptz not null,
    from_state text not null constraint circuit_breaker_transitions_from_state_check
        check (from_state in ('closed', 'open', 'half_open', 'forced_open', 'disabled')),
    to_state text not null constraint circuit_breaker_transitions_to_state_check
        check (to_state in ('closed', 'open', 'half_open', 'forced_open', 'disabled')),
    reason_code text not null,
    constraint circuit_breaker_transitions_pkey primary key (source_id, transition_id),
    constraint circuit_breaker_transitions_source_id_fkey
        foreign key (source_id) references forebay.sources on delete cascade
);
comment on table forebay.circuit_breaker_transitions is 'The trail of breakers: each change of state, and why.';
comment on column forebay.circuit_breaker_transitions.transition_id is 'Counts up.';
comment on column forebay.circuit_breaker_transitions.source_id is 'The source.';
comment on column forebay.circuit_breaker_transitions.run_id is 'The run whose end brought it about, if one did.';
comment on column forebay.circuit_breaker_transitions.changed_at is 'When.';
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
    constraint source_schedules_pkey primary key (source_id, scope),
    constraint source_schedules_source_id_fkey foreign key (source_id) references forebay.sources on delete cascade,
    constraint source_schedules_claim_check check (num_nonnulls(claim, claimed_until, claimed_by) in (0, 3))
) with (fillfactor = 70);
comment on table forebay.source_schedules is 'When which scope of a source is scraped by itself, and who is at it.';
comment on column forebay.source_schedules.source_id is 'The source.';
comment on column forebay.source_schedules.enabled is 'False: it is not run.';
comment on column forebay.source_schedules.jitter_seconds is
    'It is run up to so much later; how much is computed from source and scope.';
comment on column forebay.source_schedules.next_due_at is
    'When it is run next; while it is claimed, what it is run for. Null: its expression never comes true again.';
comment on column forebay.source_schedules.claimed_until is
    'Until when the worker that runs it is believed to be alive; then another one may.';
comment on column forebay.source_schedules.last_due_at is 'What it was last run for.';
comment on column forebay.source_schedules.updated_at is 'When this row last changed.';
comment on column forebay.source_schedules.claim is 'The receipt of the worker that runs it.';
comment on column forebay.source_schedules.last_run_id is 'The run that came of it last.';
comment on column forebay.source_schedules.scope is 'The scope that is scraped.';
comment on column forebay.source_schedules.expression is 'every 6h, or five fields of cron.';
comment on column forebay.source_schedules.time_zone is 'The IANA time zone that cron fields are meant in.';
comment on column forebay.source_schedules.claimed_by is 'The worker that runs it, as it calls itself.';

-- Where incremental sources go on -------------------------------------------------------------------------------------

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
    'Where an incremental source goes on (the STATE of Singer); written with the records that it stands for.';
comment on column forebay.source_states.source_id is 'The source.';
comment on column forebay.source_states.run_id is 'The run that last wrote it.';
comment on column forebay.source_states.updated_at is 'When.';
comment on column forebay.source_states.scope is 'The scope.';
comment on column forebay.source_states.state is 'What the source is given back, as it came.';

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
    'What each page yielded, and what to ask its server with, so that a page that is as it was need not be read again.';
comment on column forebay.http_validators.source_id is 'The source that was read.';
comment on column forebay.http_validators.parser_version is 'The parser that read it; to another one the page is new.';
comment on column forebay.http_validators.run_id is
    'The run that read it. Unless that ended as complete or partial, the page is read again.';
comment on column forebay.http_validators.fetched_at is 'When it was read.';
comment on column forebay.http_validators.fresh_until is
    'Until when its server said that it need not be asked (RFC 9111); null: it must be.';
comment on column forebay.http_validators.num_records is 'Records that it yielded.';
comment on column forebay.http_validators.url_hash is
    'SHA-256 of the URL and of all else that decides what the page yields; a URL itself may be too long for an index.';
comment on column forebay.http_validators.url is 'The URL as it was asked for; a secret is never in it.';
comment on column forebay.http_validators.etag is 'Its entity tag as it came (RFC 9110), for If-None-Match.';
comment on column forebay.http_validators.last_modified is 'Its date as it came, for If-Modified-Since.';
comment on column forebay.http_validators.reference_ids is 'The references of its records.';
comment on column forebay.http_validators.field_counts is 'In how many of its records each field had a value.';
comment on column forebay.http_validators.links is 'The links that it yielded.';

-- Logs ----------------------------------------------------------------------------------------------------------------

-- Not an identity column: a partition that is made on its own and then attached may not have one.
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
comment on table forebay.scrape_logs is 'What runs said, line by line; by month of logged_at.';
comment on column forebay.scrape_logs.log_id is 'Counts up; inside of a run in the order of its lines.';
comment on column forebay.scrape_logs.run_id is 'The run that said it.';
comment on column forebay.scrape_logs.logged_at is 'When it said it.';
comment on column forebay.scrape_logs.level is 'debug, info, warn or error.';
comment on column forebay.scrape_logs.message is 'The line; secrets and payload values are never in it.';
comment on column forebay.scrape_logs.metadata is 'What belongs to it: url, status, error code, durations.';

-- Makes the partition for a month if it is missing; with the rights of the owner, as forebay_private's
-- ensure_revision_month does.
create function forebay_private.ensure_log_month(at timestamptz) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $$
declare
    month timestamptz := date_trunc('month', at);
    name text := 'scrape_logs_' || to_char(month, 'YYYYMM');
begin
    if to_regclass('forebay.' || name) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('forebay.' || name, 0));
    -- Not to_regclass again: it may remember that there was none before the wait.
    if not exists (select from pg_class where relnamespace = 'forebay'::regnamespace and relname = name) then
        execute format('create table forebay.%I (like forebay.scrape_logs including all)', name);
        execute format('alter table forebay.scrape_logs attach partition forebay.%I for values from (%L) to (%L)',
            name, month, month + interval '1 month');
    end if;
end $$;

-- Drops the months that ended before a time, and tells how many those were.
create function forebay_private.drop_log_months(before timestamptz) returns int
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
-- Dropping waits for those who read, and everybody else waits behind: rather try again another time.
set lock_timeout = '2s'
as $$
declare
    name text;
    num_dropped int := 0;
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
        execute format('drop table forebay.%I', name);
        num_dropped := num_dropped + 1;
    end loop;
    return num_dropped;
end $$;

-- Drift ---------------------------------------------------------------------------------------------------------------

create table forebay.scrape_run_drift (
    run_id bigint not null,
    field_name text not null,
    change text not null constraint scrape_run_drift_change_check check (change in ('new', 'lost', 'retyped')),
    old_types text[] not null,
    new_types text[] not null,
    constraint scrape_run_drift_pkey primary key (run_id, field_name),
    constraint scrape_run_drift_run_id_fkey foreign key (run_id) references forebay.scrape_runs on delete cascade
);
comment on table forebay.scrape_run_drift is
    'Where the records of a run have another shape than those of the last good runs of its scope.';
comment on column forebay.scrape_run_drift.run_id is 'The run.';
comment on column forebay.scrape_run_drift.field_name is 'A top-level field of the payload.';
comment on column forebay.scrape_run_drift.change is
    'new: the good runs had no value for it; lost: they had, this one has none; retyped: its values have another type.';
comment on column forebay.scrape_run_drift.old_types is 'The JSON types of its values in the good runs, sorted.';
comment on column forebay.scrape_run_drift.new_types is 'Those in this run, sorted.';
