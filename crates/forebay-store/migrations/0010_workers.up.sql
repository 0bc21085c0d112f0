-- Workers, the functions that they call, and the roles that may call them. See 0007_queue for the rules they share.
--
-- Workers of the user call the functions in the schema forebay, which check the caller and run with the rights of their
-- owner. Forebay's own workers call those in forebay_private with their own rights on the tables.

-- Each process of Forebay keeps its row up to date. No index holds what a heartbeat changes.
create table forebay.workers (
    worker text not null constraint workers_pkey primary key,
    host text,
    pid int,
    version text,
    state text not null default 'working' constraint workers_state_check check (state in ('working', 'stopping')),
    pipelines text[] not null default '{}',
    clock_skew_ms bigint,
    started_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now()
) with (fillfactor = 50);
comment on table forebay.workers is 'Worker processes. A process of Forebay deletes its row when it ends; a row that was not seen for a day is deleted.';
comment on column forebay.workers.worker is 'The name, which ingestion_claims.worker refers to.';
comment on column forebay.workers.host is 'The machine; null: a worker outside Forebay.';
comment on column forebay.workers.pid is 'The process on that machine; null: a worker outside Forebay.';
comment on column forebay.workers.version is 'The version of Forebay; null: a worker outside Forebay.';
comment on column forebay.workers.state is 'working, or stopping: it claims nothing more.';
comment on column forebay.workers.pipelines is 'The pipelines that it works for.';
comment on column forebay.workers.clock_skew_ms is 'How far its clock is ahead of the database''s; negative: behind; null: unknown.';
comment on column forebay.workers.started_at is 'When it started.';
comment on column forebay.workers.last_seen_at is 'When it was last heard of.';

-- Records that a worker outside Forebay was heard of. It never waits for a row, because its caller may be in a long
-- transaction, and it doesn't touch the rows of Forebay's own processes. A client that gives a new name with each call
-- must not fill the table.
create function forebay_private.note_worker(worker text, pipeline text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    update forebay.workers as w
    set last_seen_at = now(),
        pipelines = case
            when note_worker.pipeline = any (w.pipelines) then w.pipelines
            else w.pipelines || note_worker.pipeline
        end
    from (
        select f.worker from forebay.workers as f
        where f.worker = note_worker.worker and f.version is null
        for update skip locked
    ) as known
    where w.worker = known.worker;
    if not found
        and not exists (select from forebay.workers as w where w.worker = note_worker.worker)
        and (select count(*) < 1000 from forebay.workers)
        -- Another transaction may be adding the same name.
        and pg_try_advisory_xact_lock(hashtextextended('forebay.workers ' || note_worker.worker, 0))
    then
        insert into forebay.workers (worker, pipelines) values (note_worker.worker, array[note_worker.pipeline])
        on conflict do nothing;
    end if;
end $$;

-- Finds a pipeline for a worker of the user. Errors: the pipeline is not for such workers, or not for this one.
--
-- The caller is the role that called the function with the owner's rights: the one that it has set (PostgREST sets one
-- for each request), or the one that it logged in as. The owner may work for every pipeline, and so may Supabase's
-- service_role.
create function forebay_private.external_pipeline(name text) returns forebay.pipelines
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    p forebay.pipelines := forebay_private.find_pipeline(name);
    caller name := case current_setting('role') when 'none' then session_user else current_setting('role')::name end;
    required name := coalesce(p.worker_role, 'forebay_worker');
begin
    if p.handler <> 'external' then
        raise feature_not_supported using
            message = format('not_claimable: the pipeline %L has the handler %s, and the workers of Forebay work for it', p.name, p.handler),
            hint = 'declare a pipeline with handler = "external"';
    end if;
    if caller = 'service_role' or pg_has_role(caller, current_user, 'usage') then
        return p;
    end if;
    if to_regrole(quote_ident(required)) is null or not pg_has_role(caller, required, 'usage') then
        raise insufficient_privilege using
            message = format('not_granted: the role %s may not work for the pipeline %L', caller, p.name),
            hint = format('only members of the role %s may', required);
    end if;
    return p;
end $$;

-- Claims due jobs of a pipeline. was_lost: a claim of the job was lost before, so it may be what crashes workers. A
-- worker that chooses held_under itself can give the jobs back if the answer never reaches it.
create function forebay_private.claim(
    p forebay.pipelines, max_jobs int, lease interval, worker text, with_payload boolean,
    held_under uuid default gen_random_uuid())
returns table (
    reference_id uuid, receipt uuid, lease_until timestamptz, source text, entity_type text, record_key text, change text,
    version int, payload_hash text, generation int, attempt int, changed_at timestamptz, payload jsonb, was_lost boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    wanted int;
    page_size int;
    num_seen int;
    picked uuid[];
    has_lost boolean;
    -- JSON callers send null for omitted arguments.
    held_until timestamptz := now() + least(coalesce(lease, '5 minutes'), interval '1 day');
    -- Pauses apply to keys even without key limits.
    has_key_limits boolean := p.limit_key is not null;
    reads_references boolean := coalesce(with_payload, true);
    claimed_by text := nullif(left(worker, 200), '');
begin
    if lease <= interval '0' then
        raise invalid_parameter_value using message = 'invalid_lease: a lease must be positive';
    end if;
    if max_jobs is null or max_jobs not between 1 and 10000 then
        raise invalid_parameter_value using message = 'invalid_max_jobs: max_jobs must be from 1 to 10000';
    end if;
    -- At most every 15 seconds, and never for a process of Forebay, which does it itself.
    if claimed_by is not null and not exists (
        select from forebay.workers as w
        where w.worker = claimed_by
            and (w.version is not null or w.last_seen_at > now() - interval '15 seconds' and p.name = any (w.pipelines)))
    then
        perform forebay_private.note_worker(claimed_by, p.name);
    end if;
    perform forebay_private.rescue_jobs(p.pipeline_id, 100);
    if not p.enabled or p.disabled_at is not null then
        return;
    end if;
    wanted := forebay_private.allowance(p, max_jobs);
    if wanted < 1 then
        return;
    end if;

    if has_key_limits then
        -- Postponed jobs make room for other keys, so a page full of one busy key doesn't end the search.
        for page in 1 .. 10 loop
            page_size := greatest(wanted * 4, 1000);
            select n.picked, n.was_lost into picked, has_lost from forebay_private.next_jobs(p.pipeline_id, page_size) as n;
            num_seen := cardinality(picked);
            picked := forebay_private.within_key_limits(p, picked, wanted);
            exit when cardinality(picked) > 0 or num_seen < page_size;
        end loop;
    else
        select n.picked, n.was_lost into picked, has_lost from forebay_private.next_jobs(p.pipeline_id, wanted) as n;
    end if;
    -- A hand-off whose claim was lost may have crashed its worker: it is claimed alone, so that no other is lost with
    -- it.
    if has_lost then
        select coalesce(array_agg(c.reference_id), '{}') into picked
        from (
            select d.ord, d.reference_id, h.num_lost, first_value(h.num_lost) over (order by d.ord) as first_lost
            from unnest(picked) with ordinality as d (reference_id, ord)
            cross join lateral (
                select f.* from forebay.ingestion_handoffs as f
                where f.reference_id = d.reference_id and f.pipeline_id = p.pipeline_id
                offset 0
            ) as h
        ) as c
        where case when c.first_lost > 0 then c.ord = 1 else c.num_lost = 0 end;
    end if;
    if picked = '{}' then
        return;
    end if;
    insert into forebay.ingestion_claims (receipt, pipeline_id, lease_until, num_open, worker, reference_ids)
    values (held_under, p.pipeline_id, held_until, cardinality(picked), claimed_by, picked);
    if p.rate_limit is not null or p.key_rate_limit is not null then
        perform forebay_private.spend(p, picked);
    end if;

    return query
        with
        started as materialized (
            select p.pipeline_id as of_pipeline, d.reference_id from unnest(picked) as d (reference_id)
        ),
        claimed as (
            update forebay.ingestion_handoffs as h
            set receipt = held_under, attempt = h.attempt + 1
            from started as s
            where h.reference_id = s.reference_id and h.pipeline_id = s.of_pipeline
            returning h.reference_id, h.payload_hash, h.version, h.generation, h.change, h.attempt, h.num_lost
        )
        -- Only the reference_id crosses the hand-off: workers ingest the stored content.
        select c.reference_id, held_under, held_until, s.name, r.entity_type, r.record_key, c.change,
            coalesce(r.version, c.version), encode(c.payload_hash, 'hex'), c.generation, c.attempt, r.changed_at,
            case when r.removed_at is null then r.payload end, c.num_lost > 0
        from claimed as c
        left join lateral (
            select f.* from forebay."references" as f where f.reference_id = c.reference_id and reads_references offset 0
        ) as r on true
        left join forebay.sources as s on s.source_id = r.source_id
        order by c.reference_id;
end $$;

create function forebay.claim_jobs(
    pipeline text, max_jobs int default 100, lease interval default '5 minutes', worker text default null,
    with_payload boolean default true)
returns table (
    reference_id uuid, receipt uuid, lease_until timestamptz, source text, entity_type text, record_key text, change text,
    version int, payload_hash text, generation int, attempt int, changed_at timestamptz, payload jsonb)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select c.reference_id, c.receipt, c.lease_until, c.source, c.entity_type, c.record_key, c.change, c.version,
        c.payload_hash, c.generation, c.attempt, c.changed_at, c.payload
    from forebay_private.claim(
        forebay_private.external_pipeline(claim_jobs.pipeline), claim_jobs.max_jobs, claim_jobs.lease, claim_jobs.worker,
        claim_jobs.with_payload) as c;
end;
comment on function forebay.claim_jobs(text, int, interval, text, boolean) is
    'Claims up to max_jobs due jobs of a pipeline for a worker outside the database, until the lease expires. payload is null if the reference is removed or deleted. with_payload => false claims faster: what is stored about the reference is not read, and its columns are null.';

-- Extends the lease of claims. Several claims are always locked in the order of their receipts, so a report that comes
-- at the same moment does not deadlock.
create function forebay_private.heartbeat(pipeline_id int, receipts uuid[], lease interval)
returns table (receipt uuid, verdict text, lease_until timestamptz, cancelled uuid[])
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    with
    held as materialized (
        select c.receipt
        from forebay.ingestion_claims as c
        where c.pipeline_id = heartbeat.pipeline_id and c.receipt = any (heartbeat.receipts) and c.num_open > 0
        order by c.receipt
        for update
    ),
    extended as (
        update forebay.ingestion_claims as c
        set lease_until = greatest(c.lease_until, now() + least(coalesce(heartbeat.lease, '5 minutes'), interval '1 day'))
        from held as h
        where c.receipt = h.receipt
        returning c.receipt, c.lease_until, c.worker, c.cancelled
    ),
    seen as materialized (
        select w.worker
        from forebay.workers as w
        where w.worker in (select e.worker from extended as e)
            and w.version is null
            and w.last_seen_at < now() - interval '15 seconds'
        for update skip locked
    ),
    noted as (
        update forebay.workers as w set last_seen_at = now() from seen as s where w.worker = s.worker
    )
    select r.receipt, case when e.receipt is null then 'lost' else 'extended' end, e.lease_until,
        coalesce(e.cancelled, '{}')
    from unnest(heartbeat.receipts) with ordinality as r (receipt, ord)
    left join extended as e on e.receipt = r.receipt
    order by r.ord;
end;

create function forebay.heartbeat_jobs(pipeline text, receipts uuid[], lease interval default '5 minutes')
returns table (receipt uuid, verdict text, lease_until timestamptz, cancelled uuid[])
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select h.receipt, h.verdict, h.lease_until, h.cancelled
    from forebay_private.external_pipeline(heartbeat_jobs.pipeline) as p
    cross join lateral forebay_private.heartbeat(p.pipeline_id, heartbeat_jobs.receipts, heartbeat_jobs.lease) as h;
end;
comment on function forebay.heartbeat_jobs(text, uuid[], interval) is
    'Extends the lease of claims. lost: another worker has the jobs, or all of them were reported; stop working on them. cancelled: references that an operator has cancelled; stop working on them, and release them.';

create function forebay.complete_jobs(pipeline text, reference_ids uuid[], receipts uuid[])
returns table (reference_id uuid, verdict text)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select e.reference_id, e.verdict
    from forebay_private.external_pipeline(complete_jobs.pipeline) as p
    cross join lateral forebay_private.end_attempts(
        p.pipeline_id, complete_jobs.reference_ids, complete_jobs.receipts, '{}', '{}', '{}', '{}', true) as e;
end;
comment on function forebay.complete_jobs(text, uuid[], uuid[]) is
    'Ends attempts that succeeded, one receipt for each reference. done: written; stale: held under another receipt, refused; lost: the job no longer exists, refused; busy: locked by another transaction, report again.';

create function forebay.release_jobs(pipeline text, reference_ids uuid[], receipts uuid[])
returns table (reference_id uuid, verdict text)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select e.reference_id, e.verdict
    from forebay_private.external_pipeline(release_jobs.pipeline) as p
    cross join lateral forebay_private.end_attempts(
        p.pipeline_id, release_jobs.reference_ids, release_jobs.receipts,
        array_fill('given_back'::text, array[coalesce(cardinality(release_jobs.reference_ids), 0)]), '{}', '{}', '{}', true) as e;
end;
comment on function forebay.release_jobs(text, uuid[], uuid[]) is
    'Releases claimed jobs without an attempt; other workers can claim them at once. Answers like complete_jobs.';

create function forebay.fail_jobs(pipeline text, failures jsonb)
returns table (reference_id uuid, verdict text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    p forebay.pipelines := forebay_private.external_pipeline(pipeline);
    given record;
begin
    if exists (
        select
        from jsonb_to_recordset(failures) as f (reference_id uuid, receipt uuid, class text)
        where f.reference_id is null or f.receipt is null
            or coalesce(f.class, 'transient') not in ('transient', 'throttled', 'permanent', 'poison')) then
        raise invalid_parameter_value using
            message = 'invalid_failure: each failure needs reference_id, receipt and a class',
            hint = 'class is transient, throttled, permanent or poison';
    end if;
    select array_agg(f.reference_id order by f.ord) as reference_ids,
        array_agg(f.receipt order by f.ord) as receipts,
        array_agg(coalesce(f.class, 'transient') order by f.ord) as classes,
        array_agg(left(coalesce(nullif(f.reason_code, ''), 'worker_failed'), 100) order by f.ord) as reason_codes,
        array_agg(coalesce(f.message, '') order by f.ord) as messages,
        array_agg(case
            -- Null: the policy decides. More than a day is a mistake, such as a point in time instead of a duration.
            when f.retry_after_seconds is not null then make_interval(secs => least(86400, greatest(0, f.retry_after_seconds)))
        end order by f.ord) as waits
    into given
    from rows from (
        jsonb_to_recordset(failures) as (
            reference_id uuid, receipt uuid, class text, reason_code text, message text, retry_after_seconds float8))
        with ordinality as f (reference_id, receipt, class, reason_code, message, retry_after_seconds, ord);
    return query
        select e.reference_id, e.verdict
        from forebay_private.end_attempts(p.pipeline_id, coalesce(given.reference_ids, '{}'), given.receipts, given.classes,
            given.reason_codes, given.messages, given.waits, true) as e;
end $$;
comment on function forebay.fail_jobs(text, jsonb) is
    'Ends failed attempts, given as an array of {reference_id, receipt, class, reason_code, message, retry_after_seconds}. Answers retrying, failed, superseded or cancelled, or the refusal: stale, lost or busy.';

create function forebay.enqueue(pipeline text, reference_ids uuid[], due_at timestamptz default null) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    p forebay.pipelines := forebay_private.find_pipeline(pipeline);
    part record;
    num_handoffs bigint := 0;
begin
    -- Runs that are about to hand off another version finish first.
    perform from forebay."references" as r
    where r.reference_id = any (enqueue.reference_ids)
    order by r.reference_id
    for no key update;
    for part in
        select r.source_id, array_agg(r.reference_id) as ids, array_agg(r.version_hash) as hashes,
            array_agg(r.version) as versions,
            array_agg(case
                when r.removed_at is not null then 'removed'
                when exists (
                    select from forebay.handoffs as h
                    where h.reference_id = r.reference_id and h.pipeline_id = p.pipeline_id) then 'updated'
                else 'added'
            end) as changes
        from forebay."references" as r
        where r.reference_id = any (enqueue.reference_ids)
        group by r.source_id
    loop
        num_handoffs := num_handoffs + forebay_private.enqueue(
            part.ids, part.hashes, part.versions, part.changes, array[p.pipeline_id], null, part.source_id, 'requested',
            due_at => enqueue.due_at);
    end loop;
    if num_handoffs > 0 then
        perform pg_notify('forebay_jobs', p.pipeline_id::text);
    end if;
    return num_handoffs;
end $$;
comment on function forebay.enqueue(text, uuid[], timestamptz) is
    'Hands the current content of references off to a pipeline, for due_at or now, whatever was handed off before. Unknown references are left out. Returns the number of hand-offs.';
revoke all on function forebay.enqueue(text, uuid[], timestamptz) from public;

-- Frees everything that a worker has claimed. Its attempts end as lost: it may have crashed because of them. A claim
-- that is being reported at this moment is left out.
create function forebay_private.release_worker(worker text) returns table (verdict text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    held forebay.ingestion_claims;
begin
    for held in
        select c.*
        from forebay.ingestion_claims as c
        where c.worker = release_worker.worker
        order by c.pipeline_id, c.receipt
        for update skip locked
    loop
        return query
            select l.verdict
            from forebay_private.lose_claim(
                held, 'worker_released', 'the claims of the worker were released before it reported') as l;
    end loop;
end $$;

-- The role of workers for pipelines without a role of their own: it may call these functions and has no right on any
-- table. And the role of programs that only read, such as reports, `forebay search` and `forebay mcp`: 0013_access
-- grants what it needs.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['forebay_worker', 'forebay_reader'] loop
        begin
            if to_regrole(role_name) is null then
                execute format('create role %I nologin', role_name);
            end if;
        exception
            when insufficient_privilege then
                raise notice 'the role % was not created, because the current role may not create roles', role_name;
            when duplicate_object or unique_violation then
                null;
        end;
    end loop;
end $$;
do $$
declare
    worker_function text;
begin
    foreach worker_function in array array[
        'claim_jobs(text, int, interval, text, boolean)', 'heartbeat_jobs(text, uuid[], interval)',
        'complete_jobs(text, uuid[], uuid[])', 'release_jobs(text, uuid[], uuid[])', 'fail_jobs(text, jsonb)']
    loop
        execute format('revoke all on function forebay.%s from public', worker_function);
        if exists (select from pg_roles where rolname = 'forebay_worker') then
            execute format('grant execute on function forebay.%s to forebay_worker', worker_function);
        end if;
    end loop;
    if exists (select from pg_roles where rolname = 'forebay_worker') then
        grant usage on schema forebay to forebay_worker;
    end if;
end $$;

-- Only roles that work with Forebay's tables need these functions. Every migration that adds one ends like this.
revoke all on all functions in schema forebay_private from public;
