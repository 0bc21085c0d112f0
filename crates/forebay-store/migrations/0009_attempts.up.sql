-- Ends attempts: the changes to a hand-off and its claim when an attempt succeeds, fails, is released or is lost. See
-- 0007_queue for the locks and the plans.

-- The retry policy of a failure class in a pipeline.
create function forebay_private.retry_policy(pipeline_id int, failure_class text)
returns table (max_failures int, base_delay interval, max_delay interval, uses_attempt boolean)
language sql stable
begin atomic
    select
        coalesce((p.retry -> d.failure_class ->> 'max_failures')::int, d.max_failures),
        coalesce(make_interval(secs => (p.retry -> d.failure_class ->> 'base_delay_seconds')::float8), d.base_delay),
        coalesce(make_interval(secs => (p.retry -> d.failure_class ->> 'max_delay_seconds')::float8), d.max_delay),
        d.uses_attempt
    from forebay.failure_policies as d
    join forebay.pipelines as p on p.pipeline_id = retry_policy.pipeline_id
    where d.failure_class = retry_policy.failure_class;
end;

-- Locks the hand-offs of attempts, skipping what is locked. Returns one row for each attempt, in order, so that callers
-- can zip it with their own arrays. needs_receipt: each attempt must name the receipt that holds its hand-off. Without
-- it, a null receipt matches a hand-off without one, which the caller's transaction has already locked.
create function forebay_private.lock_attempts(
    pipeline_id int, reference_ids uuid[], receipts uuid[], needs_receipt boolean)
returns table (is_first boolean, refusal text, held forebay.ingestion_handoffs)
language sql volatile
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
begin atomic
    select t.is_first,
        -- Why nothing may be written: it is held under another receipt, gone, or locked right now.
        case when not coalesce(h.is_locked, false) then coalesce((
            select case
                when f.receipt is distinct from t.receipt then 'stale'
                when t.receipt is null and lock_attempts.needs_receipt then 'stale'
                else 'busy'
            end
            from forebay.ingestion_handoffs as f
            where f.pipeline_id = lock_attempts.pipeline_id and f.reference_id = t.reference_id), 'lost')
        end,
        h.held
    from (
        select a.*, row_number() over (partition by a.reference_id, a.receipt order by a.ord) = 1 as is_first
        from unnest(lock_attempts.reference_ids, lock_attempts.receipts) with ordinality
            as a (reference_id, receipt, ord)
    ) as t
    left join lateral (
        select true as is_locked, f as held
        from forebay.ingestion_handoffs as f
        where f.pipeline_id = lock_attempts.pipeline_id
            and f.reference_id = t.reference_id
            and f.receipt is not distinct from t.receipt
            and (t.receipt is not null or not lock_attempts.needs_receipt)
        offset 0
        for update skip locked
    ) as h on true
    order by t.ord;
end;

-- Counts ended attempts out of their claims, one receipt for each attempt, and deletes the claims that have none left.
-- Two reports under one receipt at the same moment may leave a claim with nothing open; the next rescue deletes it.
create function forebay_private.shrink_claims(receipts uuid[]) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
begin atomic
    with
    reported as (
        select r.receipt, count(*)::int as num_ended
        from unnest(shrink_claims.receipts) as r (receipt)
        where r.receipt is not null
        group by r.receipt
    ),
    counted as materialized (
        select c.receipt, r.num_ended, c.num_open <= r.num_ended as is_whole
        from reported as r
        cross join lateral (
            select f.receipt, f.num_open from forebay.ingestion_claims as f where f.receipt = r.receipt offset 0
        ) as c
    ),
    closed as (
        delete from forebay.ingestion_claims as c using counted as r
        where c.receipt = r.receipt and r.is_whole
    )
    update forebay.ingestion_claims as c set num_open = c.num_open - r.num_ended from counted as r
    where c.receipt = r.receipt and not r.is_whole;
end;

-- Ends failed attempts: records each, and applies the retry policy to its hand-off. A null receipt means that the
-- caller's transaction holds the hand-off by row lock. Answers in the order of the input: retrying (with the time of
-- the retry), failed or superseded if written; stale, lost or busy if not.
create function forebay_private.end_failed(
    pipeline_id int, reference_ids uuid[], receipts uuid[], failure_classes text[], reason_codes text[], messages text[],
    retry_after interval[])
returns table (reference_id uuid, verdict text, retry_at timestamptz)
language sql volatile
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
begin atomic
    with
    attempts as materialized (
        select end_failed.pipeline_id as of_pipeline, a.reference_id, a.receipt, a.failure_class, a.failure_code,
            left(a.message, 2000) as message,
            -- A receiver that asks for more than the pipeline allows is called again sooner. least() ignores null.
            case when a.retry_after is not null then least(a.retry_after, m.max_pause) end as retry_after, a.is_first, a.refusal, a.held, a.ord,
            (a.held).next_payload_hash is not null as has_follow_up,
            -- The same content was handed off again, and its follow-up handles that.
            coalesce((a.held).next_payload_hash = (a.held).payload_hash, false) as is_own_follow_up,
            -- A claim has already counted the attempt; a row lock hasn't.
            (a.held).attempt + (a.receipt is null)::int as attempt
        from rows from (
            unnest(end_failed.reference_ids, end_failed.receipts, end_failed.failure_classes, end_failed.reason_codes,
                end_failed.messages, end_failed.retry_after),
            forebay_private.lock_attempts(
                end_failed.pipeline_id, end_failed.reference_ids, end_failed.receipts, false)
        ) with ordinality as a (
            reference_id, receipt, failure_class, failure_code, message, retry_after, is_first, refusal, held, ord)
        cross join (
            select make_interval(secs => coalesce(p.max_pause_seconds, 3600)) as max_pause
            from forebay.pipelines as p
            where p.pipeline_id = end_failed.pipeline_id
        ) as m
    ),
    -- Failures of this class since the content was last handed off, this one included.
    counted as materialized (
        select h.*, r.max_failures, r.base_delay, r.max_delay, r.uses_attempt,
            1 + case h.failure_class
                when 'transient' then (h.held).num_attempts
                else (
                    select count(*)
                    from forebay.ingestion_attempts as a
                    where a.reference_id = h.reference_id
                        and a.pipeline_id = h.of_pipeline
                        and a.payload_hash = (h.held).payload_hash
                        and a.generation = (h.held).generation
                        and a.failure_class = h.failure_class)
            end as num_failures
        from attempts as h
        cross join lateral forebay_private.retry_policy(end_failed.pipeline_id, h.failure_class) as r
        where h.is_first and h.refusal is null
    ),
    judged as materialized (
        select c.*,
            case
                when c.failure_class in ('permanent', 'poison') then 'failed'
                when c.num_failures >= c.max_failures then 'failed'
                when c.has_follow_up then 'superseded'
                else 'retrying'
            end as state,
            case
                when c.failure_class in ('permanent', 'poison') then c.failure_class
                when c.num_failures >= c.max_failures and c.failure_class = 'lost' then 'poison'
                when c.num_failures >= c.max_failures then 'attempts_exhausted'
                when c.has_follow_up then 'newer_version'
                when c.failure_class = 'lost' then 'lease_lost'
                else c.failure_class
            end as reason_code,
            -- Full jitter below a ceiling that doubles: attempts that failed together aren't retried together.
            coalesce(c.retry_after,
                random() * least(c.max_delay, c.base_delay * (2 ^ least(c.num_failures - 1, 20)))) as delay
        from counted as c
    ),
    trail as (
        insert into forebay.ingestion_attempts
            (reference_id, pipeline_id, payload_hash, generation, attempt, failure_class, reason_code, message)
        select d.reference_id, d.of_pipeline, (d.held).payload_hash, (d.held).generation, d.attempt,
            case d.reason_code when 'poison' then 'poison' else d.failure_class end, d.failure_code, d.message
        from judged as d
        where exists (select from forebay."references" as r where r.reference_id = d.reference_id)
    ),
    settled as (
        insert into forebay.ingestion_outcomes as o
            (reference_id, pipeline_id, payload_hash, state, reason_code, failure_code, last_error, num_attempts, version,
             generation, change, run_id, enqueued_at)
        select d.reference_id, d.of_pipeline, (d.held).payload_hash, d.state, d.reason_code, d.failure_code, d.message,
            (d.held).num_attempts + d.uses_attempt::int, (d.held).version, (d.held).generation, (d.held).change,
            (d.held).run_id, (d.held).enqueued_at
        from judged as d
        where d.state <> 'retrying' and not d.is_own_follow_up
        union all
        -- A follow-up that an operator has cancelled.
        select d.reference_id, d.of_pipeline, (d.held).next_payload_hash, 'cancelled', 'cancelled', null, null, 0,
            (d.held).next_version, (d.held).next_generation, (d.held).next_change, (d.held).next_run_id,
            (d.held).next_enqueued_at
        from judged as d
        where (d.held).next_state = 'cancelled'
        on conflict on constraint ingestion_outcomes_pkey do update
        set enqueued_at = excluded.enqueued_at,
            finished_at = excluded.finished_at,
            run_id = excluded.run_id,
            version = excluded.version,
            generation = excluded.generation,
            num_attempts = excluded.num_attempts,
            state = excluded.state,
            change = excluded.change,
            reason_code = excluded.reason_code,
            failure_code = excluded.failure_code,
            last_error = excluded.last_error
    ),
    -- Retried later, or replaced by the follow-up. All values come from the locked rows: the row that the statement
    -- itself sees may be older, and constraints are checked against it before the newer one is looked at.
    continued as (
        update forebay.ingestion_handoffs as h
        set receipt = null,
            not_before = now() + case when d.has_follow_up then interval '0' else d.delay end,
            state = coalesce((d.held).next_state, 'retrying'),
            reason_code = coalesce((d.held).next_reason_code, d.reason_code),
            failure_code = case when not d.has_follow_up then d.failure_code end,
            last_error = case when not d.has_follow_up then d.message end,
            num_attempts = case when d.has_follow_up then 0 else (d.held).num_attempts + d.uses_attempt::int end,
            attempt = case when d.has_follow_up then 0 else d.attempt end,
            -- Newer content may crash workers as well, so the count stays.
            num_lost = (d.held).num_lost + (d.failure_class = 'lost')::int,
            payload_hash = coalesce((d.held).next_payload_hash, (d.held).payload_hash),
            version = coalesce((d.held).next_version, (d.held).version),
            generation = coalesce((d.held).next_generation, (d.held).generation),
            change = coalesce((d.held).next_change, (d.held).change),
            run_id = case when d.has_follow_up then (d.held).next_run_id else (d.held).run_id end,
            enqueued_at = coalesce((d.held).next_enqueued_at, (d.held).enqueued_at),
            limit_key = case when d.has_follow_up then (d.held).next_limit_key else (d.held).limit_key end,
            next_limit_key = null,
            next_payload_hash = null,
            next_version = null,
            next_generation = null,
            next_change = null,
            next_state = null,
            next_reason_code = null,
            next_run_id = null,
            next_enqueued_at = null
        from judged as d
        where h.reference_id = d.reference_id
            and h.pipeline_id = d.of_pipeline
            and (d.state = 'retrying' or (d.held).next_state in ('pending', 'held'))
    ),
    finished as (
        delete from forebay.ingestion_handoffs as h
        using judged as d
        where h.reference_id = d.reference_id
            and h.pipeline_id = d.of_pipeline
            and d.state <> 'retrying'
            and coalesce((d.held).next_state, 'cancelled') = 'cancelled'
    ),
    claims as materialized (
        select forebay_private.shrink_claims(array(select d.receipt from judged as d))
    ),
    -- A requested pause applies to all workers.
    paused as (
        insert into forebay.ingestion_limits as l (pipeline_id, limit_key, tokens, refilled_at, paused_until)
        select end_failed.pipeline_id, coalesce((d.held).limit_key, ''), 0, now(), now() + max(d.retry_after)
        from judged as d
        where d.failure_class = 'throttled' and d.retry_after is not null
        group by coalesce((d.held).limit_key, '')
        order by coalesce((d.held).limit_key, '')
        on conflict on constraint ingestion_limits_pkey do update
        set paused_until = greatest(l.paused_until, excluded.paused_until)
    )
    select v.reference_id, v.verdict, case when v.verdict = 'retrying' then now() + v.delay end
    from (
        select d.ord, d.reference_id, d.delay, case when d.is_own_follow_up then 'superseded' else d.state end as verdict
        from judged as d
        union all
        -- An attempt is reported once; further reports of it are refused.
        select a.ord, a.reference_id, null, case when a.is_first then a.refusal else 'lost' end
        from attempts as a
        where not a.is_first or a.refusal is not null
    ) as v
    cross join claims
    order by v.ord;
end;

-- Ends attempts that succeeded, or (gives_back) that were not made. Every attempt is checked by its receipt. Answers in
-- the order of the input: done, stale, lost or busy.
create function forebay_private.end_held(pipeline_id int, reference_ids uuid[], receipts uuid[], gives_back boolean)
returns table (reference_id uuid, verdict text)
language sql volatile
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
begin atomic
    with
    attempts as materialized (
        select end_held.pipeline_id as of_pipeline, a.*,
            coalesce(a.refusal, 'done') as verdict,
            (a.held).next_payload_hash is not null as has_follow_up,
            -- Released, and there is nothing newer: the same content waits again.
            end_held.gives_back and (a.held).next_payload_hash is null as is_given_back
        from rows from (
            unnest(end_held.reference_ids, end_held.receipts),
            forebay_private.lock_attempts(end_held.pipeline_id, end_held.reference_ids, end_held.receipts, true)
        ) with ordinality as a (reference_id, receipt, is_first, refusal, held, ord)
    ),
    ended as materialized (
        select a.* from attempts as a where a.refusal is null and a.is_first
    ),
    settled as (
        insert into forebay.ingestion_outcomes as o
            (reference_id, pipeline_id, payload_hash, state, reason_code, failure_code, last_error, num_attempts, version,
             generation, change, run_id, enqueued_at)
        select e.reference_id, e.of_pipeline, (e.held).payload_hash,
            case when end_held.gives_back then 'superseded' else 'succeeded' end,
            case when end_held.gives_back then 'newer_version' else (e.held).reason_code end,
            (e.held).failure_code, (e.held).last_error, (e.held).num_attempts, (e.held).version, (e.held).generation,
            (e.held).change, (e.held).run_id, (e.held).enqueued_at
        from ended as e
        -- The same content was handed off again, and its follow-up handles that.
        where not e.is_given_back and (e.held).next_payload_hash is distinct from (e.held).payload_hash
        union all
        -- A follow-up that an operator has cancelled.
        select e.reference_id, e.of_pipeline, (e.held).next_payload_hash, 'cancelled', 'cancelled', null, null, 0,
            (e.held).next_version, (e.held).next_generation, (e.held).next_change, (e.held).next_run_id,
            (e.held).next_enqueued_at
        from ended as e
        where (e.held).next_state = 'cancelled'
        on conflict on constraint ingestion_outcomes_pkey do update
        set enqueued_at = excluded.enqueued_at,
            finished_at = excluded.finished_at,
            run_id = excluded.run_id,
            version = excluded.version,
            generation = excluded.generation,
            num_attempts = excluded.num_attempts,
            state = excluded.state,
            change = excluded.change,
            reason_code = excluded.reason_code,
            failure_code = excluded.failure_code,
            last_error = excluded.last_error
    ),
    -- Waits again: for the follow-up if there is one, otherwise, if released, for the same content.
    continued as (
        update forebay.ingestion_handoffs as h
        set receipt = null,
            not_before = case when e.has_follow_up then now() else (e.held).not_before end,
            state = coalesce((e.held).next_state, 'pending'),
            reason_code = coalesce((e.held).next_reason_code, (e.held).reason_code),
            failure_code = case when not e.has_follow_up then (e.held).failure_code end,
            last_error = case when not e.has_follow_up then (e.held).last_error end,
            num_attempts = case when e.has_follow_up then 0 else (e.held).num_attempts end,
            attempt = case when e.has_follow_up then 0 else (e.held).attempt - 1 end,
            num_lost = case when end_held.gives_back then (e.held).num_lost else 0 end,
            payload_hash = coalesce((e.held).next_payload_hash, (e.held).payload_hash),
            version = coalesce((e.held).next_version, (e.held).version),
            generation = coalesce((e.held).next_generation, (e.held).generation),
            change = coalesce((e.held).next_change, (e.held).change),
            run_id = case when e.has_follow_up then (e.held).next_run_id else (e.held).run_id end,
            enqueued_at = coalesce((e.held).next_enqueued_at, (e.held).enqueued_at),
            limit_key = case when e.has_follow_up then (e.held).next_limit_key else (e.held).limit_key end,
            next_limit_key = null,
            next_payload_hash = null,
            next_version = null,
            next_generation = null,
            next_change = null,
            next_state = null,
            next_reason_code = null,
            next_run_id = null,
            next_enqueued_at = null
        from ended as e
        where h.reference_id = e.reference_id
            and h.pipeline_id = e.of_pipeline
            and (e.is_given_back or (e.held).next_state in ('pending', 'held'))
    ),
    finished as (
        delete from forebay.ingestion_handoffs as h
        using ended as e
        where h.reference_id = e.reference_id
            and h.pipeline_id = e.of_pipeline
            and not e.is_given_back
            and coalesce((e.held).next_state, 'cancelled') = 'cancelled'
    ),
    -- An attempt that is reported twice ends once: a claim that is closed too early would never be rescued.
    claims as materialized (
        select forebay_private.shrink_claims(array(select e.receipt from ended as e))
    )
    select a.reference_id, a.verdict from attempts as a cross join claims order by a.ord;
end;

-- Ends the attempts of workers that didn't report before their lease ended, as lost. A lost attempt counts against the
-- hand-off, so content that crashes its worker isn't handed to one worker after another.
create function forebay_private.rescue_jobs(pipeline_id int, max_claims int)
returns table (reference_id uuid, verdict text)
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
    dead record;
    lost_ids uuid[];
begin
    for dead in
        select c.receipt, c.reference_ids
        from forebay.ingestion_claims as c
        where c.pipeline_id = rescue_jobs.pipeline_id and (c.lease_until < now() or c.num_open <= 0)
        limit max_claims
        for update skip locked
    loop
        lost_ids := array(
            select j.reference_id
            from unnest(dead.reference_ids) as d (reference_id)
            cross join lateral forebay_private.open_handoff(rescue_jobs.pipeline_id, d.reference_id) as j
            where j.receipt = dead.receipt);
        if cardinality(lost_ids) = 0 then
            delete from forebay.ingestion_claims as c where c.receipt = dead.receipt;
            continue;
        end if;
        return query
            select f.reference_id, f.verdict
            from forebay_private.end_failed(
                rescue_jobs.pipeline_id,
                lost_ids,
                array_fill(dead.receipt, array[cardinality(lost_ids)]),
                array_fill('lost'::text, array[cardinality(lost_ids)]),
                array_fill('lease_expired'::text, array[cardinality(lost_ids)]),
                array_fill('the worker did not report before its lease ended'::text, array[cardinality(lost_ids)]),
                array_fill(null::interval, array[cardinality(lost_ids)])) as f;
    end loop;
end $$;
