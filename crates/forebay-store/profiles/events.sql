-- The profile "events". {schema} is the quoted name of the user's schema. Columns are only ever added at the end:
-- "create or replace" refuses anything else, and existing code reads them by name.

create or replace view {schema}.event_revisions with (security_invoker = true) as
    select v.reference_id as event_id, v.changed_at, v.field_name, v.old_value, v.new_value
    from forebay.reference_revisions as v;
comment on view {schema}.event_revisions is
    'Forebay profile events: each changed field of each version. A removal or return has the field removed_at.';
comment on column {schema}.event_revisions.event_id is 'The reference, of any entity type.';
comment on column {schema}.event_revisions.changed_at is 'When the change was observed.';
comment on column {schema}.event_revisions.field_name is 'The field that changed.';
comment on column {schema}.event_revisions.old_value is 'Its value before, as JSON; null: it had none. #>> ''{}'' gives text.';
comment on column {schema}.event_revisions.new_value is 'Its value after, as JSON; null: it has none.';

create or replace view {schema}.scraping_runs with (security_invoker = true) as
    select r.run_id as id, s.name as source_id, r.started_at, r.ended_at as finished_at, r.engine, r.status,
        r.num_seen as items_found, r.num_added as items_new, r.num_updated as items_updated,
        r.num_removed as items_removed, r.num_rejected as items_rejected,
        coalesce(
            (select jsonb_object_agg(f.field_name, round((f.coverage * 100)::numeric, 1))
                from forebay.scrape_run_fields as f where f.run_id = r.run_id),
            '{}') as field_coverage,
        r.duration_ms,
        case when r.status not in ('running', 'complete') then coalesce(r.message, r.reason_code) end as error,
        r.scope, forebay.scope_of(r.scope) as scope_json
    from forebay.scrape_runs as r
    join forebay.sources as s using (source_id);
comment on view {schema}.scraping_runs is 'Forebay profile events: runs of all sources.';
comment on column {schema}.scraping_runs.id is 'The run.';
comment on column {schema}.scraping_runs.source_id is 'The name of its source.';
comment on column {schema}.scraping_runs.started_at is 'When it started.';
comment on column {schema}.scraping_runs.finished_at is 'When it ended; null: it is running.';
comment on column {schema}.scraping_runs.engine is 'What supplied the records.';
comment on column {schema}.scraping_runs.status is 'running, complete, partial, held, failed or aborted.';
comment on column {schema}.scraping_runs.items_found is 'Records that it read.';
comment on column {schema}.scraping_runs.items_new is 'New references.';
comment on column {schema}.scraping_runs.items_updated is 'References with a new version.';
comment on column {schema}.scraping_runs.items_removed is 'References that it removed.';
comment on column {schema}.scraping_runs.items_rejected is 'Records that could not be used.';
comment on column {schema}.scraping_runs.field_coverage is 'For each field, the percentage of records that had a value.';
comment on column {schema}.scraping_runs.duration_ms is 'How long it took, in milliseconds.';
comment on column {schema}.scraping_runs.error is 'Why it is partial, held, failed or aborted; null: it is not.';
comment on column {schema}.scraping_runs.scope is 'The part of the source that it covers, as text; empty: all.';
comment on column {schema}.scraping_runs.scope_json is 'The same as an object.';

create or replace view {schema}.scraping_logs with (security_invoker = true) as
    select l.log_id as id, l.run_id, l.level, l.message, l.metadata, l.logged_at as created_at
    from forebay.scrape_logs as l;
comment on view {schema}.scraping_logs is 'Forebay profile events: log lines of runs.';
comment on column {schema}.scraping_logs.id is 'Newer lines of a run have higher ids.';
comment on column {schema}.scraping_logs.run_id is 'The run, as in scraping_runs.id.';
comment on column {schema}.scraping_logs.level is 'debug, info, warn or error.';
comment on column {schema}.scraping_logs.message is 'The message.';
comment on column {schema}.scraping_logs.metadata is 'Its details.';
comment on column {schema}.scraping_logs.created_at is 'When it was logged.';

create or replace view {schema}.circuit_breaker_state with (security_invoker = true) as
    select s.name as source_id,
        case b.state
            when 'forced_open' then 'open'
            when 'disabled' then 'closed'
            else coalesce(b.state, 'closed')
        end as state,
        coalesce(ceil(b.failure_streak), 0)::int as failure_count,
        b.retry_at as open_until,
        (select max(o.ended_at)
            from unnest(b.outcomes, b.outcome_times) as o (outcome, ended_at) where o.outcome <> 'success')
            as last_failure_at,
        b.updated_at
    from forebay.sources as s
    left join forebay.circuit_breaker_state as b using (source_id);
comment on view {schema}.circuit_breaker_state is
    'Forebay profile events: the circuit breaker of each source. Only Forebay and its operators change it.';
comment on column {schema}.circuit_breaker_state.source_id is 'The name of the source.';
comment on column {schema}.circuit_breaker_state.state is 'closed, open or half_open. States set by an operator are shown as closed or open.';
comment on column {schema}.circuit_breaker_state.failure_count is
    'Failures since the last success, rounded up: some kinds count for less than one.';
comment on column {schema}.circuit_breaker_state.open_until is
    'When an open breaker allows the first request; null: it is not open, or an operator opened it until further notice.';
comment on column {schema}.circuit_breaker_state.last_failure_at is 'When the last recorded failure ended.';
comment on column {schema}.circuit_breaker_state.updated_at is 'When it last changed; null: it has never failed.';
