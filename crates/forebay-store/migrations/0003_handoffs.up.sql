-- The hand-off from persistence to ingestion. The hand-off is the durable promise; the job is its claimable work and
-- exists only while there is something to do, so that the table that workers hammer stays small.

create table forebay.ingestion_handoffs (
    reference_id uuid not null,
    enqueued_at timestamptz not null default now(),
    finished_at timestamptz,
    run_id bigint,
    pipeline_id int not null,
    version int not null,
    generation int not null default 1 constraint ingestion_handoffs_generation_check check (generation >= 1),
    num_attempts int not null default 0,
    payload_hash bytea not null constraint ingestion_handoffs_payload_hash_check check (octet_length(payload_hash) = 32),
    state text not null constraint ingestion_handoffs_state_check check (state in
        ('pending', 'active', 'retrying', 'succeeded', 'failed', 'superseded', 'cancelled', 'held')),
    change text not null constraint ingestion_handoffs_change_check check (change in
        ('added', 'updated', 'removed', 'restored')),
    reason_code text not null constraint ingestion_handoffs_reason_code_check check (reason_code in
        ('added', 'updated', 'removed', 'restored', 'reopened', 'reconciled', 'reconfigured', 'retried', 'released',
         'snoozed', 'newer_version', 'cancelled', 'held', 'transient', 'throttled', 'lease_lost', 'permanent', 'poison',
         'attempts_exhausted')),
    failure_code text,
    last_error text,
    constraint ingestion_handoffs_pkey primary key (reference_id, pipeline_id, payload_hash)
) with (fillfactor = 50);
-- No index but the key, and room on each page: what becomes of a hand-off is written on its page (HOT). With room for
-- every row to be written once more, claiming and completing 50,000 made 35 MB of WAL instead of 49. Looking for those
-- that stopped is for people.
comment on table forebay.ingestion_handoffs is
    'The promise to ingest one version of one reference by one pipeline, and how it stands.';
comment on column forebay.ingestion_handoffs.reference_id is 'What to ingest; the only thing that crosses the hand-off.';
comment on column forebay.ingestion_handoffs.enqueued_at is 'When it was last queued.';
comment on column forebay.ingestion_handoffs.finished_at is 'When it reached a final state.';
comment on column forebay.ingestion_handoffs.run_id is 'The run whose change queued it.';
comment on column forebay.ingestion_handoffs.pipeline_id is 'Which pipeline is to ingest it.';
comment on column forebay.ingestion_handoffs.version is 'The reference''s version when it was queued.';
comment on column forebay.ingestion_handoffs.generation is 'Raised each time the same content is handed off again.';
comment on column forebay.ingestion_handoffs.num_attempts is 'Tries that failed so far.';
comment on column forebay.ingestion_handoffs.payload_hash is 'The content to ingest: the version_hash.';
comment on column forebay.ingestion_handoffs.state is
    'pending, active, retrying, succeeded, failed, superseded (a newer version came first), cancelled or held.';
comment on column forebay.ingestion_handoffs.change is 'What happened to the reference.';
comment on column forebay.ingestion_handoffs.reason_code is 'Why it is in this state.';
comment on column forebay.ingestion_handoffs.failure_code is 'What the last failed try reported, as a stable word of its handler.';
comment on column forebay.ingestion_handoffs.last_error is 'What the last failed try said.';

create table forebay.ingestion_jobs (
    reference_id uuid not null,
    not_before timestamptz not null default now(),
    receipt uuid,
    pipeline_id int not null,
    source_id int not null,
    generation int not null default 1,
    next_generation int,
    attempt int not null default 0,
    priority smallint not null default 0,
    num_lost smallint not null default 0,
    payload_hash bytea not null,
    next_payload_hash bytea,
    change text not null constraint ingestion_jobs_change_check check (change in ('added', 'updated', 'removed', 'restored')),
    next_change text,
    limit_key text,
    constraint ingestion_jobs_pkey primary key (reference_id, pipeline_id),
    constraint ingestion_jobs_next_check check (num_nonnulls(next_payload_hash, next_generation, next_change) in (0, 3))
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
-- The queue: strictly by priority, fair between sources, oldest first. The receipt is in no index, so a claim stays on
-- the page (HOT).
create index ingestion_jobs_queue on forebay.ingestion_jobs (pipeline_id, priority, source_id, not_before, reference_id);
comment on table forebay.ingestion_jobs is
    'Claimable work: at most one job for each pipeline and reference, gone when its hand-off is finished.';
comment on column forebay.ingestion_jobs.reference_id is 'The reference to ingest.';
comment on column forebay.ingestion_jobs.not_before is 'It may be claimed from this time on.';
comment on column forebay.ingestion_jobs.receipt is 'The claim that it is held under, if any; completing with another is refused.';
comment on column forebay.ingestion_jobs.pipeline_id is 'The pipeline that is to do it.';
comment on column forebay.ingestion_jobs.source_id is 'The source of the reference: sources take turns.';
comment on column forebay.ingestion_jobs.generation is 'The generation of the hand-off.';
comment on column forebay.ingestion_jobs.next_generation is 'Likewise, of the follow-up.';
comment on column forebay.ingestion_jobs.attempt is 'Tries begun.';
comment on column forebay.ingestion_jobs.priority is 'Lower goes first: 0 for changes, 10 for what is handed off again.';
comment on column forebay.ingestion_jobs.num_lost is
    'How often its claim was lost: if more than never, it is claimed alone, so that it takes no others down with it.';
comment on column forebay.ingestion_jobs.payload_hash is 'The content to ingest.';
comment on column forebay.ingestion_jobs.next_payload_hash is
    'The follow-up: newer content that came while this job was claimed; it becomes the job when the claim ends.';
comment on column forebay.ingestion_jobs.change is 'What happened to the reference.';
comment on column forebay.ingestion_jobs.next_change is 'Likewise, for the follow-up.';
comment on column forebay.ingestion_jobs.limit_key is 'What it counts against where its pipeline has limits by key.';

-- A claim is a row, not a column of each job: a heartbeat writes one row however many jobs are held, and finding what
-- dead workers held reads a handful of rows however long the queue is.
create table forebay.ingestion_claims (
    receipt uuid not null constraint ingestion_claims_pkey primary key,
    pipeline_id int not null,
    claimed_at timestamptz not null default now(),
    lease_until timestamptz not null,
    num_open int not null,
    worker text,
    reference_ids uuid[] not null
) with (fillfactor = 50);
comment on table forebay.ingestion_claims is 'Work that is held under a receipt until a time; gone when all of it is reported.';
comment on column forebay.ingestion_claims.receipt is 'The fencing token: random, new for every claim.';
comment on column forebay.ingestion_claims.pipeline_id is 'The pipeline whose jobs are held.';
comment on column forebay.ingestion_claims.claimed_at is 'When they were claimed.';
comment on column forebay.ingestion_claims.lease_until is 'From then on any worker may free them.';
comment on column forebay.ingestion_claims.num_open is 'Jobs not reported yet.';
comment on column forebay.ingestion_claims.worker is 'Who claimed them, as the worker calls itself.';
comment on column forebay.ingestion_claims.reference_ids is 'The references of all jobs that the claim began with.';

-- Where reading a queue goes on after a look that was dear; a hint that may be lost or out of date.
create table forebay.ingestion_cursors (
    pipeline_id int not null,
    priority smallint not null,
    source_id int not null,
    after_time timestamptz not null,
    after_id uuid not null,
    good_until timestamptz not null,
    constraint ingestion_places_pkey primary key (pipeline_id, priority, source_id)
) with (fillfactor = 50);
comment on table forebay.ingestion_cursors is 'How far the queue of a pipeline has been read, by priority and source.';
comment on column forebay.ingestion_cursors.pipeline_id is 'The pipeline.';
comment on column forebay.ingestion_cursors.priority is 'The priority of the jobs.';
comment on column forebay.ingestion_cursors.source_id is 'The source of their references.';
comment on column forebay.ingestion_cursors.after_time is 'not_before of the last job that was claimed.';
comment on column forebay.ingestion_cursors.after_id is 'Its reference.';
comment on column forebay.ingestion_cursors.good_until is 'From then on the queue is read from its front again.';

-- Limits hold over all workers because what they count is here: a bucket of tokens for each pipeline ('') and key.
create table forebay.ingestion_limits (
    pipeline_id int not null,
    limit_key text not null,
    tokens double precision not null,
    refilled_at timestamptz not null,
    paused_until timestamptz,
    constraint ingestion_limits_pkey primary key (pipeline_id, limit_key)
) with (fillfactor = 50);
comment on table forebay.ingestion_limits is 'How much of its rate limit a pipeline, or a key of it, has left (a token bucket).';
comment on column forebay.ingestion_limits.pipeline_id is 'The pipeline.';
comment on column forebay.ingestion_limits.limit_key is 'The key; empty: the pipeline as a whole.';
comment on column forebay.ingestion_limits.tokens is 'Claims that were left at refilled_at.';
comment on column forebay.ingestion_limits.refilled_at is 'When tokens were last counted.';
comment on column forebay.ingestion_limits.paused_until is 'The other side asked not to be called before this time.';

create table forebay.failure_policies (
    failure_class text primary key,
    max_failures int,
    base_delay interval not null,
    max_delay interval not null,
    uses_attempt boolean not null
);
comment on table forebay.failure_policies is 'What a failed attempt costs, by failure class; a pipeline''s column retry may differ from it.';
comment on column forebay.failure_policies.failure_class is 'transient, throttled, permanent, poison or lost.';
comment on column forebay.failure_policies.max_failures is 'With so many failures of the class the hand-off is given up; null: never.';
comment on column forebay.failure_policies.base_delay is 'The longest wait after the first failure; it doubles with each further one.';
comment on column forebay.failure_policies.max_delay is 'The longest wait of all.';
comment on column forebay.failure_policies.uses_attempt is 'Whether such a failure counts in num_attempts.';
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
    attempt int not null,
    failure_class text not null constraint ingestion_attempts_failure_class_check check (failure_class in
        ('transient', 'throttled', 'permanent', 'poison', 'lost')),
    reason_code text not null,
    message text not null,
    failed_at timestamptz not null default now(),
    primary key (reference_id, attempt_id)
);
comment on table forebay.ingestion_attempts is 'The trail of tries that failed; what succeeds leaves none.';
comment on column forebay.ingestion_attempts.attempt_id is 'Short id.';
comment on column forebay.ingestion_attempts.reference_id is 'The reference that was to be ingested.';
comment on column forebay.ingestion_attempts.pipeline_id is 'By which pipeline.';
comment on column forebay.ingestion_attempts.payload_hash is 'At which content.';
comment on column forebay.ingestion_attempts.attempt is 'Which try, from 1.';
comment on column forebay.ingestion_attempts.failure_class is 'transient, throttled, permanent, poison or lost: decides what happens next.';
comment on column forebay.ingestion_attempts.reason_code is 'What failed, as a stable word.';
comment on column forebay.ingestion_attempts.message is 'What failed, as a sentence.';
comment on column forebay.ingestion_attempts.failed_at is 'When.';

create table forebay.maintenance (
    task text primary key,
    began_at timestamptz not null
);
comment on table forebay.maintenance is 'Tasks that one of all workers does from time to time.';
comment on column forebay.maintenance.task is 'reconcile, prune or prune_scraping.';
comment on column forebay.maintenance.began_at is 'When it was last begun.';
