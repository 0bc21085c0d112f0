-- Who did what, and the tokens that programs and people present to the API.
--
-- Both tables are small and stay on the coordinator on Citus. Actions name what they changed as text, because they
-- outlive it.

-- Audit trail ---------------------------------------------------------------------------------------------------------

create table forebay.operator_actions (
    action_id bigint generated always as identity constraint operator_actions_pkey primary key,
    acted_at timestamptz not null default clock_timestamp(),
    num_touched bigint not null default 0 constraint operator_actions_num_touched_check check (num_touched >= 0),
    action text not null constraint operator_actions_action_check check (action ~ '^[a-z][a-z0-9_]*$'),
    target_kind text not null constraint operator_actions_target_kind_check check (target_kind ~ '^[a-z][a-z0-9_]*$'),
    target text not null,
    source_name text,
    actor_name text not null constraint operator_actions_actor_name_check check (actor_name <> ''),
    actor_role text not null constraint operator_actions_actor_role_check
        check (actor_role in ('viewer', 'ingest', 'operator', 'admin')),
    skin text not null constraint operator_actions_skin_check check (skin in ('cli', 'mcp', 'http', 'library')),
    acted_from text,
    reason text,
    parameters jsonb not null default '{}'
);
comment on table forebay.operator_actions is
    'What people and programs changed on purpose: one row for each decision.';
comment on column forebay.operator_actions.action_id is 'Number of the action, ascending in time.';
comment on column forebay.operator_actions.acted_at is 'When it was done.';
comment on column forebay.operator_actions.num_touched is
    'How many rows of the target it changed: references of a run, hand-offs, pauses; 1 for one thing.';
comment on column forebay.operator_actions.action is 'What was done, as a stable word (run_released, …).';
comment on column forebay.operator_actions.target_kind is
    'What it was done to, as a stable word: run, handoffs, pipeline, source, worker, token, ….';
comment on column forebay.operator_actions.target is
    'Its id or name; for hand-offs the pipeline, or empty for those of several pipelines.';
comment on column forebay.operator_actions.source_name is 'The source that it concerns; null: none, or several.';
comment on column forebay.operator_actions.actor_name is
    'Who did it: the name of a token, the subject of a JWT, the client of MCP, or the user of the operating system.';
comment on column forebay.operator_actions.actor_role is 'The role in which they did it.';
comment on column forebay.operator_actions.skin is 'The program that they used: cli, mcp, http or library.';
comment on column forebay.operator_actions.acted_from is 'The host or address that it came from; null: unknown.';
comment on column forebay.operator_actions.reason is 'Why, in their words; null: they gave no reason.';
comment on column forebay.operator_actions.parameters is 'The options that it was done with, without secrets.';

-- What was done to one thing, newest first.
create index operator_actions_target on forebay.operator_actions (target_kind, target, action_id);
-- What was done to a source, with its runs and hand-offs, newest first.
create index operator_actions_source on forebay.operator_actions (source_name, action_id)
    where source_name is not null;

-- Tokens --------------------------------------------------------------------------------------------------------------

create table forebay.api_tokens (
    token_id int generated always as identity constraint api_tokens_pkey primary key,
    name text not null constraint api_tokens_name_check check (name <> ''),
    role text not null constraint api_tokens_role_check check (role in ('viewer', 'ingest', 'operator', 'admin')),
    sources text[],
    token_hash bytea not null constraint api_tokens_token_hash_key unique
        constraint api_tokens_token_hash_check check (length(token_hash) = 32),
    created_at timestamptz not null default now(),
    created_by text not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    last_used_at timestamptz,
    last_used_from text,
    constraint api_tokens_revoked_check check (num_nonnulls(revoked_at, revoked_by) in (0, 2)),
    constraint api_tokens_sources_check check (sources is null or cardinality(sources) > 0)
) with (fillfactor = 70);
comment on table forebay.api_tokens is
    'Tokens of the API. Only hashes are stored. Only the owner and the service role may read this table.';
comment on column forebay.api_tokens.token_id is 'Number of the token.';
comment on column forebay.api_tokens.name is 'Its name, unique among tokens that are not revoked.';
comment on column forebay.api_tokens.role is 'What its holder may do: viewer, ingest, operator or admin.';
comment on column forebay.api_tokens.sources is 'The only sources that it is good for; null: all sources.';
comment on column forebay.api_tokens.token_hash is
    'SHA-256 of the token, which has 256 random bits, so that the hash needs no salt and no slow function.';
comment on column forebay.api_tokens.created_at is 'When it was created.';
comment on column forebay.api_tokens.created_by is 'Who created it.';
comment on column forebay.api_tokens.expires_at is 'When it expires; null: never.';
comment on column forebay.api_tokens.revoked_at is 'When it was revoked; null: it is not.';
comment on column forebay.api_tokens.revoked_by is 'Who revoked it; null: nobody.';
comment on column forebay.api_tokens.last_used_at is 'When it was last used, to the minute; null: never.';
comment on column forebay.api_tokens.last_used_from is 'The host or address of its last use; null: never, or unknown.';

-- A revoked token leaves its name to a new one.
create unique index api_tokens_name on forebay.api_tokens (name) where revoked_at is null;

select forebay_private.apply_access();
