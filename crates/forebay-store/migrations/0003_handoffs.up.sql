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
    reason_code text not null,
    last_error text,
    constraint ingestion_handoffs_pkey primary key (reference_id, pipeline_id, payload_hash)
) with (fillfactor = 85);
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
comment on column forebay.ingestion_handoffs.last_error is 'What the last failed try said.';

create table forebay.ingestion_jobs (
    pipeline_id int not null,
    reference_id uuid not null,
    not_before timestamptz not null default now(),
    lease_until timestamptz,
    receipt uuid,
    generation int not null default 1,
    next_generation int,
    attempt int not null default 0,
    priority smallint not null default 0,
    payload_hash bytea not null,
    next_payload_hash bytea,
    change text not null constraint ingestion_jobs_change_check check (change in ('added', 'updated', 'removed', 'restored')),
    next_change text,
    constraint ingestion_jobs_pkey primary key (pipeline_id, reference_id),
    constraint ingestion_jobs_lease_check check ((receipt is null) = (lease_until is null)),
    constraint ingestion_jobs_next_check check (num_nonnulls(next_payload_hash, next_generation, next_change) in (0, 3))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
-- Receipt and lease are in no index, so claiming and heartbeats stay on the page (HOT).
create index ingestion_jobs_claim on forebay.ingestion_jobs (pipeline_id, priority, not_before);
comment on table forebay.ingestion_jobs is
    'Claimable work: at most one job for each pipeline and reference, gone when its hand-off is finished.';
comment on column forebay.ingestion_jobs.pipeline_id is 'The pipeline that is to do it.';
comment on column forebay.ingestion_jobs.reference_id is 'The reference to ingest.';
comment on column forebay.ingestion_jobs.not_before is 'It may be claimed from this time on.';
comment on column forebay.ingestion_jobs.lease_until is 'How long the claim of a worker holds; null: not claimed.';
comment on column forebay.ingestion_jobs.receipt is 'The fencing token of the claim; completing with another is refused.';
comment on column forebay.ingestion_jobs.generation is 'The generation of the hand-off.';
comment on column forebay.ingestion_jobs.next_generation is 'Likewise, of the follow-up.';
comment on column forebay.ingestion_jobs.attempt is 'Tries begun.';
comment on column forebay.ingestion_jobs.priority is 'Lower goes first.';
comment on column forebay.ingestion_jobs.payload_hash is 'The content to ingest.';
comment on column forebay.ingestion_jobs.next_payload_hash is
    'The follow-up: newer content that came while this job was claimed; it becomes the job when the claim ends.';
comment on column forebay.ingestion_jobs.change is 'What happened to the reference.';
comment on column forebay.ingestion_jobs.next_change is 'Likewise, for the follow-up.';

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
