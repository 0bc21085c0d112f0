-- The hand-off from persistence to ingestion. What is open is one row in a hot table, which is queue and state in one
-- and stays small. What is settled is one row in a cold table, written once, when it ends.

create table forebay.ingestion_handoffs (
    reference_id uuid not null,
    enqueued_at timestamptz not null default now(),
    not_before timestamptz not null default now(),
    receipt uuid,
    run_id bigint,
    next_run_id bigint,
    next_enqueued_at timestamptz,
    pipeline_id int not null,
    source_id int not null,
    version int not null default 1,
    generation int not null default 1 constraint ingestion_handoffs_generation_check check (generation >= 1),
    attempt int not null default 0,
    num_attempts int not null default 0,
    next_version int,
    next_generation int,
    priority smallint not null default 0,
    num_lost smallint not null default 0,
    is_cancelled boolean not null default false,
    payload_hash bytea not null constraint ingestion_handoffs_payload_hash_check check (octet_length(payload_hash) = 32),
    state text not null default 'pending' constraint ingestion_handoffs_state_check check (state in
        ('pending', 'retrying', 'held')),
    change text not null default 'added' constraint ingestion_handoffs_change_check check (change in
        ('added', 'updated', 'removed', 'restored')),
    reason_code text not null default 'added' constraint ingestion_handoffs_reason_code_check check (reason_code in
        ('added', 'updated', 'removed', 'restored', 'reopened', 'reconciled', 'reconfigured', 'requested', 'retried',
         'released', 'snoozed', 'held', 'transient', 'throttled', 'lease_lost')),
    failure_code text,
    last_error text,
    limit_key text,
    next_limit_key text,
    next_payload_hash bytea,
    next_state text constraint ingestion_handoffs_next_state_check check (next_state in ('pending', 'held', 'cancelled')),
    next_change text constraint ingestion_handoffs_next_change_check check (next_change in
        ('added', 'updated', 'removed', 'restored')),
    next_reason_code text constraint ingestion_handoffs_next_reason_code_check check (next_reason_code in
        ('added', 'updated', 'removed', 'restored', 'reopened', 'reconciled', 'reconfigured', 'requested', 'retried',
         'released', 'held', 'cancelled')),
    constraint ingestion_handoffs_pkey primary key (reference_id, pipeline_id),
    -- Only a claim has a follow-up, and what is held isn't claimed.
    constraint ingestion_handoffs_claim_check check (receipt is null or state <> 'held'),
    constraint ingestion_handoffs_cancelled_check check (receipt is not null or not is_cancelled),
    constraint ingestion_handoffs_next_check check (
        num_nonnulls(next_payload_hash, next_version, next_generation, next_change, next_state, next_reason_code,
            next_enqueued_at) = case when next_payload_hash is null then 0 else 7 end
        and (receipt is not null or next_payload_hash is null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
-- The queue's order: strictly by priority, fair between sources, oldest first. The receipt is in no index, so a claim
-- stays on the page (HOT).
create index ingestion_handoffs_queue on forebay.ingestion_handoffs
    (pipeline_id, priority, source_id, not_before, reference_id)
    where state <> 'held';
-- Counts what is held, which is rare.
create index ingestion_handoffs_held on forebay.ingestion_handoffs (pipeline_id) where state = 'held';
comment on table forebay.ingestion_handoffs is
    'The hand-offs that are open: the promise that a pipeline ingests a reference. At most one for each pipeline and reference.';
comment on column forebay.ingestion_handoffs.reference_id is 'The reference to ingest; nothing else crosses the hand-off.';
comment on column forebay.ingestion_handoffs.enqueued_at is 'When this content was queued.';
comment on column forebay.ingestion_handoffs.not_before is 'The earliest time at which it may be claimed.';
comment on column forebay.ingestion_handoffs.receipt is
    'The claim that holds it: it is active. Reports under another receipt are refused. Null: it waits.';
comment on column forebay.ingestion_handoffs.run_id is 'The run whose change queued it.';
comment on column forebay.ingestion_handoffs.next_run_id is 'The same, for the follow-up.';
comment on column forebay.ingestion_handoffs.next_enqueued_at is 'When the follow-up was queued.';
comment on column forebay.ingestion_handoffs.pipeline_id is 'The pipeline that ingests it.';
comment on column forebay.ingestion_handoffs.source_id is 'The source of the reference; sources take turns.';
comment on column forebay.ingestion_handoffs.version is 'The reference''s version when it was queued.';
comment on column forebay.ingestion_handoffs.generation is 'How often the same content was handed off.';
comment on column forebay.ingestion_handoffs.attempt is 'Attempts started.';
comment on column forebay.ingestion_handoffs.num_attempts is 'Failed attempts that count against the retry policy.';
comment on column forebay.ingestion_handoffs.next_version is 'The version of the follow-up.';
comment on column forebay.ingestion_handoffs.next_generation is 'The generation of the follow-up.';
comment on column forebay.ingestion_handoffs.priority is 'Lower is claimed first: 0 for changes, 10 for repairs.';
comment on column forebay.ingestion_handoffs.num_lost is
    'How often its claim was lost. It is then claimed alone, so that no other hand-off is lost with it.';
comment on column forebay.ingestion_handoffs.is_cancelled is
    'An operator has cancelled the attempt; its worker is told. It ends as cancelled unless it succeeds or fails for good before.';
comment on column forebay.ingestion_handoffs.payload_hash is 'The content to ingest: the version_hash.';
comment on column forebay.ingestion_handoffs.state is
    'pending, retrying or held. With a receipt it is active, whatever this says.';
comment on column forebay.ingestion_handoffs.change is 'What happened to the reference.';
comment on column forebay.ingestion_handoffs.reason_code is 'Why it is in this state.';
comment on column forebay.ingestion_handoffs.failure_code is
    'What the last failed attempt reported, as a stable word of its handler.';
comment on column forebay.ingestion_handoffs.last_error is 'The message of the last failed attempt.';
comment on column forebay.ingestion_handoffs.limit_key is 'The key that it counts against if its pipeline has per-key limits.';
comment on column forebay.ingestion_handoffs.next_limit_key is 'The same, for the follow-up.';
comment on column forebay.ingestion_handoffs.next_payload_hash is
    'The follow-up: newer content that arrived while this was claimed. It takes the row when the claim ends.';
comment on column forebay.ingestion_handoffs.next_state is
    'pending; or held or cancelled by an operator, and then it becomes that when the claim ends.';
comment on column forebay.ingestion_handoffs.next_change is 'What happened to the reference, for the follow-up.';
comment on column forebay.ingestion_handoffs.next_reason_code is 'Why the follow-up was queued.';

create table forebay.ingestion_outcomes (
    reference_id uuid not null,
    enqueued_at timestamptz not null,
    finished_at timestamptz not null default now(),
    run_id bigint,
    pipeline_id int not null,
    version int not null,
    generation int not null,
    num_attempts int not null default 0,
    payload_hash bytea not null constraint ingestion_outcomes_payload_hash_check check (octet_length(payload_hash) = 32),
    state text not null constraint ingestion_outcomes_state_check check (state in
        ('succeeded', 'failed', 'superseded', 'cancelled')),
    change text not null constraint ingestion_outcomes_change_check check (change in
        ('added', 'updated', 'removed', 'restored')),
    reason_code text not null constraint ingestion_outcomes_reason_code_check check (reason_code in
        ('added', 'updated', 'removed', 'restored', 'reopened', 'reconciled', 'reconfigured', 'requested', 'retried',
         'released', 'snoozed', 'newer_version', 'cancelled', 'transient', 'throttled', 'lease_lost', 'permanent', 'poison',
         'attempts_exhausted')),
    failure_code text,
    last_error text,
    constraint ingestion_outcomes_pkey primary key (reference_id, pipeline_id, payload_hash)
);
-- Few hand-offs fail, and those wait for an operator. Nothing else is listed by state often enough for an index.
create index ingestion_outcomes_failed on forebay.ingestion_outcomes (pipeline_id, finished_at)
    include (reason_code, failure_code, enqueued_at) where state = 'failed';
comment on table forebay.ingestion_outcomes is
    'How hand-offs ended: one row for each pipeline, reference and content. Handing the content off again deletes the row.';
comment on column forebay.ingestion_outcomes.reference_id is 'The reference.';
comment on column forebay.ingestion_outcomes.enqueued_at is 'When it was last queued; when the settings that it was ingested with were declared, if that was later.';
comment on column forebay.ingestion_outcomes.finished_at is 'When it ended.';
comment on column forebay.ingestion_outcomes.run_id is 'The run whose change queued it.';
comment on column forebay.ingestion_outcomes.pipeline_id is 'The pipeline.';
comment on column forebay.ingestion_outcomes.version is 'The reference''s version when it was queued.';
comment on column forebay.ingestion_outcomes.generation is 'How often the same content was handed off.';
comment on column forebay.ingestion_outcomes.num_attempts is 'Failed attempts that counted against the retry policy.';
comment on column forebay.ingestion_outcomes.payload_hash is 'The content: the version_hash.';
comment on column forebay.ingestion_outcomes.state is
    'succeeded, failed, superseded (a newer version came first) or cancelled.';
comment on column forebay.ingestion_outcomes.change is 'What happened to the reference.';
comment on column forebay.ingestion_outcomes.reason_code is 'Why it is in this state; if it succeeded, why it was queued.';
comment on column forebay.ingestion_outcomes.failure_code is 'What the last failed attempt reported.';
comment on column forebay.ingestion_outcomes.last_error is 'The message of the last failed attempt.';

-- A claim is a row, not a column of each hand-off: a heartbeat writes one row regardless of their number, and finding
-- the claims of dead workers reads few rows regardless of the length of the queue.
create table forebay.ingestion_claims (
    receipt uuid not null constraint ingestion_claims_pkey primary key,
    pipeline_id int not null,
    claimed_at timestamptz not null default now(),
    lease_until timestamptz not null,
    num_open int not null,
    worker text,
    reference_ids uuid[] not null,
    cancelled uuid[] not null default '{}'
) with (fillfactor = 50);
comment on table forebay.ingestion_claims is 'Jobs held under a receipt until their lease expires; deleted when all of them are reported.';
comment on column forebay.ingestion_claims.receipt is 'The fencing token: random, new for every claim.';
comment on column forebay.ingestion_claims.pipeline_id is 'The pipeline whose jobs are held.';
comment on column forebay.ingestion_claims.claimed_at is 'When they were claimed.';
comment on column forebay.ingestion_claims.lease_until is 'When the lease expires; any worker may then free the jobs.';
comment on column forebay.ingestion_claims.num_open is 'Jobs not reported yet.';
comment on column forebay.ingestion_claims.worker is 'The name that the worker gave when it claimed them.';
comment on column forebay.ingestion_claims.reference_ids is 'The references of all jobs of the claim.';
comment on column forebay.ingestion_claims.cancelled is 'Those whose attempt an operator has cancelled.';

-- Where the next scan of a queue continues after an expensive one. Only a hint: it may be lost or outdated.
create table forebay.ingestion_cursors (
    pipeline_id int not null,
    priority smallint not null,
    source_id int not null,
    after_time timestamptz not null,
    after_id uuid not null,
    good_until timestamptz not null,
    constraint ingestion_cursors_pkey primary key (pipeline_id, priority, source_id)
) with (fillfactor = 50);
comment on table forebay.ingestion_cursors is 'The position up to which a pipeline''s queue has been read, by priority and source.';
comment on column forebay.ingestion_cursors.pipeline_id is 'The pipeline.';
comment on column forebay.ingestion_cursors.priority is 'The priority of the jobs.';
comment on column forebay.ingestion_cursors.source_id is 'The source of their references.';
comment on column forebay.ingestion_cursors.after_time is 'not_before of the last job that was claimed.';
comment on column forebay.ingestion_cursors.after_id is 'Its reference.';
comment on column forebay.ingestion_cursors.good_until is 'When it expires; the queue is then read from its front again.';

-- Limits hold across all workers because they are counted here: one token bucket for each pipeline ('') and key.
create table forebay.ingestion_limits (
    pipeline_id int not null,
    limit_key text not null,
    tokens double precision not null,
    refilled_at timestamptz not null,
    paused_until timestamptz,
    constraint ingestion_limits_pkey primary key (pipeline_id, limit_key)
) with (fillfactor = 50);
comment on table forebay.ingestion_limits is 'Token buckets: the remaining rate limit of a pipeline or of one of its keys.';
comment on column forebay.ingestion_limits.pipeline_id is 'The pipeline.';
comment on column forebay.ingestion_limits.limit_key is 'The key; empty: the whole pipeline.';
comment on column forebay.ingestion_limits.tokens is 'Tokens left at refilled_at.';
comment on column forebay.ingestion_limits.refilled_at is 'When tokens was last computed.';
comment on column forebay.ingestion_limits.paused_until is 'Nothing is claimed before this time: the receiver asked for it, or an operator.';

create table forebay.failure_policies (
    failure_class text primary key,
    max_failures int,
    base_delay interval not null,
    max_delay interval not null,
    uses_attempt boolean not null
);
comment on table forebay.failure_policies is 'The retry policy by failure class; the column retry of a pipeline overrides it.';
comment on column forebay.failure_policies.failure_class is 'transient, throttled, permanent, poison or lost.';
comment on column forebay.failure_policies.max_failures is 'Number of failures of the class after which the hand-off fails; null: unlimited.';
comment on column forebay.failure_policies.base_delay is 'Maximum delay after the first failure; it doubles with each further failure.';
comment on column forebay.failure_policies.max_delay is 'Upper limit of the delay.';
comment on column forebay.failure_policies.uses_attempt is 'Whether a failure of the class counts in num_attempts.';
insert into forebay.failure_policies (failure_class, max_failures, base_delay, max_delay, uses_attempt) values
    ('transient', 10, '5 seconds', '1 hour', true),
    ('throttled', null, '30 seconds', '1 hour', false),
    ('permanent', 1, '0', '0', true),
    ('poison', 1, '0', '0', true),
    ('lost', 4, '1 second', '1 minute', false);

create table forebay.ingestion_attempts (
    attempt_id bigint generated always as identity,
    reference_id uuid not null,
    pipeline_id int not null,
    payload_hash bytea not null,
    generation int not null default 1,
    attempt int not null,
    failure_class text not null constraint ingestion_attempts_failure_class_check check (failure_class in
        ('transient', 'throttled', 'permanent', 'poison', 'lost')),
    reason_code text not null,
    message text not null,
    failed_at timestamptz not null default now(),
    primary key (reference_id, attempt_id)
);
comment on table forebay.ingestion_attempts is 'Failed attempts. Successful attempts leave no row.';
comment on column forebay.ingestion_attempts.attempt_id is 'Short id.';
comment on column forebay.ingestion_attempts.reference_id is 'The reference of the attempt.';
comment on column forebay.ingestion_attempts.pipeline_id is 'Its pipeline.';
comment on column forebay.ingestion_attempts.payload_hash is 'The content that was attempted.';
comment on column forebay.ingestion_attempts.generation is 'The generation of the hand-off.';
comment on column forebay.ingestion_attempts.attempt is 'Number of the attempt, from 1.';
comment on column forebay.ingestion_attempts.failure_class is 'transient, throttled, permanent, poison or lost; it determines what happens next.';
comment on column forebay.ingestion_attempts.reason_code is 'What failed, as a stable word.';
comment on column forebay.ingestion_attempts.message is 'What failed, as a sentence.';
comment on column forebay.ingestion_attempts.failed_at is 'When it failed.';

-- Read by reference, and newest first. Nothing reads it to decide.
create table forebay.ingestion_deliveries (
    delivery_id bigint generated always as identity,
    reference_id uuid not null,
    pipeline_id int not null,
    event_id text not null,
    attempt int not null,
    sent_at timestamptz not null,
    duration_ms bigint not null,
    http_status int,
    failure_code text,
    response text not null,
    primary key (reference_id, delivery_id)
);
create index ingestion_deliveries_by_time on forebay.ingestion_deliveries (sent_at, delivery_id);
comment on table forebay.ingestion_deliveries is 'Requests of webhooks and their responses.';
comment on column forebay.ingestion_deliveries.delivery_id is 'Short id.';
comment on column forebay.ingestion_deliveries.reference_id is 'The reference that was sent.';
comment on column forebay.ingestion_deliveries.pipeline_id is 'The pipeline that sent it.';
comment on column forebay.ingestion_deliveries.event_id is 'The id of the event, as sent in the header webhook-id.';
comment on column forebay.ingestion_deliveries.attempt is 'Number of the attempt, from 1.';
comment on column forebay.ingestion_deliveries.sent_at is 'When it was sent, by the clock of the worker.';
comment on column forebay.ingestion_deliveries.duration_ms is 'How long the endpoint took to respond, in milliseconds.';
comment on column forebay.ingestion_deliveries.http_status is 'The status of the response; null: there was none.';
comment on column forebay.ingestion_deliveries.failure_code is 'What failed, as a stable word; null: it was delivered.';
comment on column forebay.ingestion_deliveries.response is 'The start of the body of the response, without secrets.';

create table forebay.maintenance (
    task text primary key,
    began_at timestamptz not null
);
comment on table forebay.maintenance is 'Periodic tasks, each done by one of all workers.';
comment on column forebay.maintenance.task is 'reconcile, prune, prune_scraping, prune_workers or prune_deliveries.';
comment on column forebay.maintenance.began_at is 'When it was last started.';
