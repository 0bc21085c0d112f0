-- Ends attempts: the changes to a hand-off, its job and its claim when an attempt succeeds, fails, is released or is
-- lost. See 0007_queue for the lock order and the plans.

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

-- Locks the jobs of attempts and their hand-offs, skipping what is locked. Returns one row for each attempt, in order,
-- so that callers can zip it with their own arrays. needs_receipt: each attempt must name the receipt that holds its
-- job. Without it, a null receipt matches a job without one, which the caller's transaction has already locked.
create function forebay_private.lock_attempts(
    pipeline_id int, reference_ids uuid[], receipts uuid[], needs_receipt boolean)
returns table (
    is_first boolean, is_locked boolean, payload_hash bytea, generation int, attempt int, num_lost smallint, limit_key text,
    has_follow_up boolean, takes_up boolean, handoff_generation int, enqueued_at timestamptz, num_attempts int,
    has_no_handoff boolean, refusal text)
language sql volatile
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
begin atomic
    select t.is_first, j.is_locked, j.payload_hash, j.generation, j.attempt, j.num_lost, j.limit_key, j.has_follow_up,
        j.takes_up, h.generation, h.enqueued_at, h.num_attempts, n.has_no_handoff,
        -- Why nothing may be written: the job is held under another receipt, gone, or locked right now.
        case
            when h.generation is not null or n.has_no_handoff then null
            when j.is_locked then 'busy'
            else coalesce((
                select case when f.receipt is distinct from t.receipt then 'stale' else 'busy' end
                from forebay.ingestion_jobs as f
                where f.pipeline_id = lock_attempts.pipeline_id and f.reference_id = t.reference_id), 'lost')
        end
    from (
        select a.*, row_number() over (partition by a.reference_id order by a.ord) = 1 as is_first
        from unnest(lock_attempts.reference_ids, lock_attempts.receipts) with ordinality
            as a (reference_id, receipt, ord)
    ) as t
    left join lateral (
        select true as is_locked, f.payload_hash, f.generation, f.attempt, f.num_lost, f.limit_key,
            f.next_payload_hash is not null as has_follow_up,
            -- A follow-up that an operator held or cancelled is not taken up. The condition is "no hand-off in another
            -- state" because the job is read as it is now and the hand-off as it was when the statement began, which
            -- may have been before it existed.
            f.next_payload_hash is not null and not exists (
                select from forebay.ingestion_handoffs as n
                where n.reference_id = f.reference_id
                    and n.pipeline_id = f.pipeline_id
                    and n.payload_hash = f.next_payload_hash
                    and n.generation = f.next_generation
                    and n.state <> 'pending') as takes_up
        from forebay.ingestion_jobs as f
        where f.pipeline_id = lock_attempts.pipeline_id
            and f.reference_id = t.reference_id
            and f.receipt is not distinct from t.receipt
            and (t.receipt is not null or not lock_attempts.needs_receipt)
        offset 0
        for update skip locked
    ) as j on true
    left join lateral (
        select f.generation, f.enqueued_at, f.num_attempts
        from forebay.ingestion_handoffs as f
        where f.reference_id = t.reference_id
            and f.pipeline_id = lock_attempts.pipeline_id
            and f.payload_hash = j.payload_hash
        offset 0
        for update skip locked
    ) as h on true
    -- A job may outlive its hand-off if its history is deleted manually.
    cross join lateral (
        select coalesce(j.is_locked and h.generation is null and not exists (
            select from forebay.ingestion_handoffs as f
            where f.reference_id = t.reference_id
                and f.pipeline_id = lock_attempts.pipeline_id
                and f.payload_hash = j.payload_hash), false) as has_no_handoff
    ) as n
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

-- Ends failed attempts: records each, and applies the retry policy to the hand-off and its job. A null receipt means
-- that the caller's transaction holds the job by row lock. Answers in the order of the input: retrying (with the time
-- of the retry), failed or superseded if written; stale, lost or busy if not.
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
        select end_failed.pipeline_id as of_pipeline, a.*,
            -- A claim has already counted the attempt; a row lock hasn't.
            a.attempts_begun + (a.receipt is null)::int as attempt
        from rows from (
            unnest(end_failed.reference_ids, end_failed.receipts, end_failed.failure_classes, end_failed.reason_codes,
                end_failed.messages, end_failed.retry_after),
            forebay_private.lock_attempts(
                end_failed.pipeline_id, end_failed.reference_ids, end_failed.receipts, false)
        ) with ordinality as a (
            reference_id, receipt, failure_class, reason_code, message, retry_after,
            is_first, is_locked, payload_hash, generation, attempts_begun, num_lost, limit_key, has_follow_up, takes_up,
            handoff_generation, enqueued_at, num_attempts, has_no_handoff, refusal, ord)
    ),
    -- Failures of this class since the content was last handed off, this one included.
    counted as materialized (
        select h.*, r.max_failures, r.base_delay, r.max_delay, r.uses_attempt,
            1 + case
                when h.handoff_generation is distinct from h.generation then 0
                when h.failure_class = 'transient' then h.num_attempts
                when h.failure_class = 'lost' then h.num_lost
                else (
                    select count(*)
                    from forebay.ingestion_attempts as a
                    where a.reference_id = h.reference_id
                        and a.pipeline_id = end_failed.pipeline_id
                        and a.payload_hash = h.payload_hash
                        and a.failure_class = h.failure_class
                        and a.failed_at >= h.enqueued_at)
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
            end as state_reason,
            -- Full jitter below a ceiling that doubles: attempts that failed together aren't retried together.
            coalesce(c.retry_after,
                random() * least(c.max_delay, c.base_delay * (2 ^ least(c.num_failures - 1, 20)))) as delay
        from counted as c
    ),
    trail as (
        insert into forebay.ingestion_attempts
            (reference_id, pipeline_id, payload_hash, attempt, failure_class, reason_code, message)
        select d.reference_id, end_failed.pipeline_id, d.payload_hash, d.attempt,
            case d.state_reason when 'poison' then 'poison' else d.failure_class end,
            d.reason_code, left(d.message, 2000)
        from judged as d
        where exists (select from forebay."references" as r where r.reference_id = d.reference_id)
    ),
    -- A hand-off that was reopened meanwhile has a higher generation and stays open for its follow-up.
    written as (
        update forebay.ingestion_handoffs as h
        set state = d.state,
            reason_code = d.state_reason,
            failure_code = d.reason_code,
            last_error = left(d.message, 2000),
            num_attempts = h.num_attempts + d.uses_attempt::int,
            finished_at = case when d.state = 'retrying' then null else now() end
        from judged as d
        where h.reference_id = d.reference_id
            and h.pipeline_id = d.of_pipeline
            and h.payload_hash = d.payload_hash
            and h.generation = d.generation
            and h.state in ('pending', 'retrying', 'active')
    ),
    -- Retried later, or replaced by the follow-up.
    waiting as (
        update forebay.ingestion_jobs as j
        set payload_hash = coalesce(j.next_payload_hash, j.payload_hash),
            generation = coalesce(j.next_generation, j.generation),
            change = coalesce(j.next_change, j.change),
            next_payload_hash = null,
            next_generation = null,
            next_change = null,
            receipt = null,
            attempt = case when d.has_follow_up then 0 else d.attempt end,
            -- Newer content may crash workers as well, so the count stays.
            num_lost = j.num_lost + (d.failure_class = 'lost')::int,
            not_before = now() + case when d.has_follow_up then interval '0' else d.delay end
        from judged as d
        where j.reference_id = d.reference_id
            and j.pipeline_id = d.of_pipeline
            and (d.takes_up or d.state = 'retrying')
            and not d.has_no_handoff
    ),
    -- A job without a hand-off is deleted.
    finished as (
        delete from forebay.ingestion_jobs as j
        using judged as d
        where j.reference_id = d.reference_id
            and j.pipeline_id = d.of_pipeline
            and (d.has_no_handoff or not (d.takes_up or d.state = 'retrying'))
    ),
    claims as materialized (
        select forebay_private.shrink_claims(array(select d.receipt from judged as d))
    ),
    -- A requested pause applies to all workers.
    paused as (
        insert into forebay.ingestion_limits as l (pipeline_id, limit_key, tokens, refilled_at, paused_until)
        select end_failed.pipeline_id, coalesce(d.limit_key, ''), 0, now(), now() + max(d.retry_after)
        from judged as d
        where d.failure_class = 'throttled' and d.retry_after is not null
        group by coalesce(d.limit_key, '')
        on conflict on constraint ingestion_limits_pkey do update
        set paused_until = greatest(l.paused_until, excluded.paused_until)
    )
    select v.reference_id, v.verdict, case when v.verdict = 'retrying' then now() + v.delay end
    from (
        select d.ord, d.reference_id, d.delay,
            case
                when d.has_no_handoff then 'lost'
                -- The same content was handed off again, and its follow-up handles that.
                when d.handoff_generation is distinct from d.generation then 'superseded'
                else d.state
            end as verdict
        from judged as d
        union all
        -- A reference is reported once; further reports of it are refused.
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
    judged as materialized (
        select end_held.pipeline_id as of_pipeline, a.*, coalesce(a.refusal, 'done') as verdict
        from rows from (
            unnest(end_held.reference_ids, end_held.receipts),
            forebay_private.lock_attempts(end_held.pipeline_id, end_held.reference_ids, end_held.receipts, true)
        ) with ordinality as a (
            reference_id, receipt,
            is_first, is_locked, payload_hash, generation, attempt, num_lost, limit_key, has_follow_up, takes_up,
            handoff_generation, enqueued_at, num_attempts, has_no_handoff, refusal, ord)
    ),
    -- A hand-off that was reopened meanwhile has a higher generation and stays open for its follow-up.
    succeeded as (
        update forebay.ingestion_handoffs as h
        set state = case
                when not end_held.gives_back then 'succeeded'
                when e.has_follow_up then 'superseded'
                else 'pending'
            end,
            reason_code = case when end_held.gives_back and e.has_follow_up then 'newer_version' else h.reason_code end,
            finished_at = case when end_held.gives_back and not e.has_follow_up then null else now() end
        from judged as e
        where e.verdict = 'done'
            and h.reference_id = e.reference_id
            and h.pipeline_id = e.of_pipeline
            and h.payload_hash = e.payload_hash
            and h.generation = e.generation
            and h.state in ('pending', 'retrying', 'active')
    ),
    -- Waits again: for the follow-up if there is one, otherwise, if released, for the same content.
    freed as (
        update forebay.ingestion_jobs as j
        set payload_hash = coalesce(j.next_payload_hash, j.payload_hash),
            generation = coalesce(j.next_generation, j.generation),
            change = coalesce(j.next_change, j.change),
            next_payload_hash = null,
            next_generation = null,
            next_change = null,
            receipt = null,
            attempt = case when e.has_follow_up then 0 else j.attempt - 1 end,
            num_lost = case when end_held.gives_back then j.num_lost else 0 end,
            not_before = case when e.has_follow_up then now() else j.not_before end
        from judged as e
        where e.verdict = 'done'
            and (e.takes_up or (end_held.gives_back and not e.has_follow_up))
            and j.reference_id = e.reference_id
            and j.pipeline_id = e.of_pipeline
    ),
    finished as (
        delete from forebay.ingestion_jobs as j
        using judged as e
        where e.verdict = 'done'
            and not (e.takes_up or (end_held.gives_back and not e.has_follow_up))
            and j.reference_id = e.reference_id
            and j.pipeline_id = e.of_pipeline
    ),
    -- An attempt that is reported twice ends once: a claim that is closed too early would never be rescued.
    claims as materialized (
        select forebay_private.shrink_claims(
            array(select e.receipt from judged as e where e.verdict = 'done' and e.is_first))
    )
    select e.reference_id, e.verdict from judged as e cross join claims order by e.ord;
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
            cross join lateral forebay_private.job(rescue_jobs.pipeline_id, d.reference_id) as j
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
