-- Notifications: what each receiver was told, and what waits to be sent to it. A notification is no hand-off of a
-- reference, so it has tables of its own; lease, receipt, retry and failure class work as for hand-offs.

create table forebay.notifiers (
    notifier_id int generated always as identity constraint notifiers_pkey primary key,
    project text not null default '',
    name text not null
        constraint notifiers_name_check check (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
    kind text not null constraint notifiers_kind_check check (kind in ('webhook', 'slack', 'email', 'command')),
    created_at timestamptz not null default now(),
    observed_at timestamptz,
    constraint notifiers_project_name_key unique (project, name)
) with (fillfactor = 50);
comment on table forebay.notifiers is
    'Receivers of notifications, as a project''s forebay.toml declares them. Their settings are in that file only.';
comment on column forebay.notifiers.notifier_id is 'The notifier.';
comment on column forebay.notifiers.project is 'The project whose forebay.toml declares it; empty: none.';
comment on column forebay.notifiers.name is 'Its name in that file.';
comment on column forebay.notifiers.kind is 'webhook, slack, email or command.';
comment on column forebay.notifiers.created_at is 'When a worker first worked for it.';
comment on column forebay.notifiers.observed_at is
    'When a worker last compared its alerts with the database; null: never.';

create table forebay.notifier_alerts (
    notifier_id int not null
        constraint notifier_alerts_notifier_id_fkey references forebay.notifiers on delete cascade,
    event text not null constraint notifier_alerts_event_check check (event in
        ('run_held', 'breaker_opened', 'breaker_closed', 'source_failing', 'freshness_error', 'handoffs_failing',
         'worker_gone', 'conservation_broken')),
    subject text not null,
    since timestamptz not null,
    changed_at timestamptz not null,
    told_at timestamptz,
    is_firing boolean not null,
    alert jsonb not null,
    constraint notifier_alerts_pkey primary key (notifier_id, event, subject)
);
comment on table forebay.notifier_alerts is
    'The alerts that a notifier was told of, or will be. One that has ended is deleted when its end was told.';
comment on column forebay.notifier_alerts.notifier_id is 'The notifier.';
comment on column forebay.notifier_alerts.event is 'What happened, such as run_held.';
comment on column forebay.notifier_alerts.subject is 'What it is about, such as "run 12".';
comment on column forebay.notifier_alerts.since is 'Since when it holds.';
comment on column forebay.notifier_alerts.changed_at is 'When it was first observed to hold or, if it ended, to have ended.';
comment on column forebay.notifier_alerts.told_at is 'When a notification last said so; null: none has.';
comment on column forebay.notifier_alerts.is_firing is 'Whether it held at the last observation.';
comment on column forebay.notifier_alerts.alert is 'What the notification says about it.';

create table forebay.notifications (
    notification_id uuid not null default gen_random_uuid() constraint notifications_pkey primary key,
    notifier_id int not null
        constraint notifications_notifier_id_fkey references forebay.notifiers on delete cascade,
    created_at timestamptz not null default clock_timestamp(),
    not_before timestamptz not null default now(),
    settled_at timestamptz,
    lease_until timestamptz,
    receipt uuid,
    worker text,
    num_attempts int not null default 0,
    num_lost int not null default 0,
    state text not null default 'pending' constraint notifications_state_check check (state in
        ('pending', 'retrying', 'succeeded', 'failed')),
    failure_class text constraint notifications_failure_class_check check (failure_class in
        ('transient', 'throttled', 'permanent', 'poison', 'lost')),
    failure_code text,
    last_error text,
    content jsonb not null,
    constraint notifications_settled_check check ((settled_at is null) = (state in ('pending', 'retrying'))),
    constraint notifications_receipt_check check (num_nonnulls(receipt, lease_until) in (0, 2))
) with (fillfactor = 70);
-- A notifier's notifications are sent in their order. No index holds what a claim changes, so a claim stays HOT.
create index notifications_by_notifier on forebay.notifications (notifier_id, settled_at, created_at, notification_id);
comment on table forebay.notifications is
    'Notifications to send, and those that were sent. Each is sent at least once; its id is the same each time.';
comment on column forebay.notifications.notification_id is 'Its id, which the receiver gets.';
comment on column forebay.notifications.notifier_id is 'The notifier that sends it.';
comment on column forebay.notifications.created_at is 'When it was decided.';
comment on column forebay.notifications.not_before is 'When the next attempt is due.';
comment on column forebay.notifications.settled_at is 'When it was accepted or failed for good; null: neither yet.';
comment on column forebay.notifications.lease_until is 'Until when the worker with the receipt may send it; null: it waits.';
comment on column forebay.notifications.receipt is 'The claim that holds it. Reports under another receipt are refused.';
comment on column forebay.notifications.worker is 'The worker that claimed it last; null: none has.';
comment on column forebay.notifications.num_attempts is 'Number of attempts that ended.';
comment on column forebay.notifications.num_lost is 'Number of attempts whose worker died.';
comment on column forebay.notifications.state is 'pending, retrying, succeeded or failed.';
comment on column forebay.notifications.failure_class is 'The class of the last failure; null: none has failed.';
comment on column forebay.notifications.failure_code is 'What failed last, as a stable word; null: nothing has.';
comment on column forebay.notifications.last_error is 'What failed last, as a sentence; null: nothing has.';
comment on column forebay.notifications.content is 'What it says.';

create table forebay.conservation_findings (
    pipeline_id int not null
        constraint conservation_findings_pkey primary key
        constraint conservation_findings_pipeline_id_fkey references forebay.pipelines on delete cascade,
    found_at timestamptz not null default now(),
    checked_at timestamptz not null default now(),
    num_wrong bigint not null,
    num_repaired bigint not null
);
comment on table forebay.conservation_findings is
    'Pipelines whose last reconciliation found references that had not reached them. A check without findings deletes the row.';
comment on column forebay.conservation_findings.pipeline_id is 'The pipeline.';
comment on column forebay.conservation_findings.found_at is 'When such a check first found something.';
comment on column forebay.conservation_findings.checked_at is 'When the last check ended.';
comment on column forebay.conservation_findings.num_wrong is 'Number of references that the last check found missing, or different in the target.';
comment on column forebay.conservation_findings.num_repaired is 'Number of them that it handed off again.';

-- The shares of failing deliveries: few pages of what ended last are read, and writing costs next to nothing.
create index ingestion_outcomes_by_time on forebay.ingestion_outcomes using brin (finished_at)
    with (pages_per_range = 32, autosummarize = on);

-- What waits for a decision, among all runs.
create index scrape_runs_held on forebay.scrape_runs (ended_at) where status = 'held';

select forebay_private.apply_access();
