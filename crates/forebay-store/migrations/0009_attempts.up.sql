-- Ends attempts: the changes to a hand-off and its claim when an attempt succeeds, fails, is released or is lost. See
-- 0007_queue for the locks and the plans.

-- The retry policy of a failure class in a pipeline.
create function forebay_private.retry_policy(pipeline_id int, failure_class text)
returns table (max_failures int, base_delay interval, max_delay interval, uses_attempt boolean)
language sql stable
set search_path = pg_catalog, pg_temp
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
    reported as materialized (
        select r.receipt, count(*)::int as num_ended
        from unnest(shrink_claims.receipts) as r (receipt)
        where r.receipt is not null
        group by r.receipt
        order by r.receipt
    ),
    counted as materialized (
        select c.receipt, r.num_ended, c.num_open <= r.num_ended as is_whole
        from reported as r
        cross join lateral (
            select f.receipt, f.num_open from forebay.ingestion_claims as f where f.receipt = r.receipt offset 0 for update
        ) as c
    ),
    closed as (
        delete from forebay.ingestion_claims as c using counted as r
        where c.receipt = r.receipt and r.is_whole
    )
    update forebay.ingestion_claims as c set num_open = c.num_open - r.num_ended from counted as r
    where c.receipt = r.receipt and not r.is_whole;
end;

-- Ends attempts. failure_classes says how each went: null, it succeeded; given_back, it was not made; or the class of
-- its failure, which is recorded and to which the retry policy applies. Each attempt must name the receipt that holds
-- its hand-off; without needs_receipt, a null receipt matches a hand-off without one, which the caller's transaction
-- has locked. declared_at is when the settings that the attempts were made with were declared; null: before they were
-- handed off. An outcome that is older than the pipeline's settings is handed off again. Answers in the order of the
-- input: done, retrying (with the time of the retry), failed, superseded or cancelled if written; stale, lost or busy
-- if not.
create function forebay_private.end_attempts(
    pipeline_id int, reference_ids uuid[], receipts uuid[], failure_classes text[], failure_codes text[], messages text[],
    retry_after interval[], needs_receipt boolean, declared_at timestamptz default null)
returns table (reference_id uuid, verdict text, retry_at timestamptz)
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
    -- Where the locked hand-offs are; null for an attempt that is refused, and why it is: its hand-off is held under
    -- another receipt, gone, or locked right now.
    places tid[];
    refusals text[];
    num_settled int;
begin
    -- What is locked stays as it is, so the statements that follow see all of it.
    select coalesce(array_agg(h.place order by a.ord), '{}'),
        array_agg(
            case when h.place is null then coalesce((
                select case
                    when f.receipt is distinct from a.receipt then 'stale'
                    when a.receipt is null and end_attempts.needs_receipt then 'stale'
                    else 'busy'
                end
                from forebay.ingestion_handoffs as f
                where f.pipeline_id = end_attempts.pipeline_id and f.reference_id = a.reference_id), 'lost')
            end
            order by a.ord)
    into places, refusals
    from unnest(end_attempts.reference_ids, end_attempts.receipts) with ordinality as a (reference_id, receipt, ord)
    left join lateral (
        select f.ctid as place
        from forebay.ingestion_handoffs as f
        where f.pipeline_id = end_attempts.pipeline_id
            and f.reference_id = a.reference_id
            and f.receipt is not distinct from a.receipt
            and (a.receipt is not null or not end_attempts.needs_receipt)
        offset 0
        for update skip locked
    ) as h on true;

    -- The short way of most attempts: they succeeded, and nothing newer waits.
    with
    ended as (
        delete from forebay.ingestion_handoffs as h
        using unnest(places, end_attempts.failure_classes) as l (place, failure_class)
        where h.ctid = l.place and l.failure_class is null and h.next_payload_hash is null
        returning h.*
    )
    insert into forebay.ingestion_outcomes
        (reference_id, pipeline_id, payload_hash, state, reason_code, failure_code, last_error, num_attempts, version,
         generation, change, run_id, enqueued_at)
    select e.reference_id, e.pipeline_id, e.payload_hash, 'succeeded', e.reason_code, e.failure_code, e.last_error,
        e.num_attempts, e.version, e.generation, e.change, e.run_id, greatest(e.enqueued_at, end_attempts.declared_at)
    from ended as e;
    get diagnostics num_settled = row_count;
    if num_settled = cardinality(places) then
        perform forebay_private.shrink_claims(end_attempts.receipts);
        return query
            select d.reference_id, 'done', null::timestamptz from unnest(end_attempts.reference_ids) as d (reference_id);
        return;
    end if;

    return query
        with
        attempts as materialized (
            select end_attempts.pipeline_id as of_pipeline, a.reference_id, a.receipt, a.failure_class, a.failure_code,
                left(a.message, 2000) as message, a.refusal, a.ord, h.held,
                -- A receiver that asks for more than the pipeline allows is called again sooner. least() ignores null.
                case when a.retry_after is not null then least(a.retry_after, m.max_pause) end as retry_after,
                row_number() over (partition by a.reference_id, a.receipt order by a.ord) = 1 as is_first,
                (h.held).next_payload_hash is not null as has_follow_up,
                -- The same content was handed off again, and its follow-up handles that.
                coalesce((h.held).next_payload_hash = (h.held).payload_hash, false) as is_own_follow_up,
                -- A claim has already counted the attempt; a row lock hasn't.
                (h.held).attempt + (a.receipt is null)::int as attempt
            from unnest(end_attempts.reference_ids, end_attempts.receipts, end_attempts.failure_classes,
                    end_attempts.failure_codes, end_attempts.messages, end_attempts.retry_after, places, refusals)
                with ordinality as a (
                    reference_id, receipt, failure_class, failure_code, message, retry_after, place, refusal, ord)
            cross join (
                select make_interval(secs => coalesce(p.max_pause_seconds, 3600)) as max_pause
                from forebay.pipelines as p
                where p.pipeline_id = end_attempts.pipeline_id
            ) as m
            left join lateral (
                select f as held from forebay.ingestion_handoffs as f where f.ctid = a.place
            ) as h on true
        ),
        -- Failures of this class since the content was last handed off, this one included.
        counted as materialized (
            select h.*, r.max_failures, r.base_delay, r.max_delay, coalesce(r.uses_attempt, false)::int as num_used,
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
            left join lateral forebay_private.retry_policy(end_attempts.pipeline_id, h.failure_class) as r on true
            where h.is_first and (h.held).reference_id is not null
        ),
        judged as materialized (
            select c.*,
                case
                    when c.failure_class is null then 'succeeded'
                    when c.failure_class in ('permanent', 'poison') then 'failed'
                    when c.num_failures >= c.max_failures then 'failed'
                    when (c.held).is_cancelled then 'cancelled'
                    when c.has_follow_up then 'superseded'
                    when c.failure_class = 'given_back' then 'pending'
                    else 'retrying'
                end as state,
                case
                    when c.failure_class in ('permanent', 'poison') then c.failure_class
                    when c.num_failures >= c.max_failures and c.failure_class = 'lost' then 'poison'
                    when c.num_failures >= c.max_failures then 'attempts_exhausted'
                    when c.failure_class is null then (c.held).reason_code
                    when (c.held).is_cancelled then 'cancelled'
                    when c.has_follow_up then 'newer_version'
                    when c.failure_class = 'given_back' then (c.held).reason_code
                    when c.failure_class = 'lost' then 'lease_lost'
                    else c.failure_class
                end as reason_code,
                c.failure_class is not null and c.failure_class <> 'given_back' as did_fail,
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
            where d.did_fail and exists (select from forebay."references" as r where r.reference_id = d.reference_id)
        ),
        settled as (
            insert into forebay.ingestion_outcomes as o
                (reference_id, pipeline_id, payload_hash, state, reason_code, failure_code, last_error, num_attempts,
                 version, generation, change, run_id, enqueued_at)
            select d.reference_id, d.of_pipeline, (d.held).payload_hash, d.state, d.reason_code,
                case when d.did_fail then d.failure_code else (d.held).failure_code end,
                case when d.did_fail then d.message else (d.held).last_error end,
                (d.held).num_attempts + d.num_used, (d.held).version, (d.held).generation, (d.held).change,
                (d.held).run_id, greatest((d.held).enqueued_at, end_attempts.declared_at)
            from judged as d
            where d.state not in ('pending', 'retrying') and not d.is_own_follow_up
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
        -- Waits again, for the follow-up if there is one.
        continued as (
            update forebay.ingestion_handoffs as h
            set receipt = null,
                is_cancelled = false,
                not_before = case
                    -- It may have been asked for at a later time.
                    when d.has_follow_up then greatest(h.not_before, now())
                    when d.did_fail then now() + d.delay
                    else h.not_before
                end,
                state = coalesce(h.next_state, d.state),
                reason_code = coalesce(h.next_reason_code, d.reason_code),
                failure_code = case
                    when d.has_follow_up then null
                    when d.did_fail then d.failure_code
                    else h.failure_code
                end,
                last_error = case when d.has_follow_up then null when d.did_fail then d.message else h.last_error end,
                num_attempts = case when d.has_follow_up then 0 else h.num_attempts + d.num_used end,
                attempt = case when d.has_follow_up then 0 else d.attempt - (d.failure_class = 'given_back')::int end,
                -- Newer content may crash workers as well, so the count stays until an attempt succeeds.
                num_lost = case when d.state <> 'succeeded' then h.num_lost + (d.failure_class = 'lost')::int else 0 end,
                payload_hash = coalesce(h.next_payload_hash, h.payload_hash),
                version = coalesce(h.next_version, h.version),
                generation = coalesce(h.next_generation, h.generation),
                change = coalesce(h.next_change, h.change),
                run_id = case when d.has_follow_up then h.next_run_id else h.run_id end,
                enqueued_at = coalesce(h.next_enqueued_at, h.enqueued_at),
                limit_key = case when d.has_follow_up then h.next_limit_key else h.limit_key end,
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
                and (d.state in ('pending', 'retrying') or h.next_state in ('pending', 'held'))
        ),
        finished as (
            delete from forebay.ingestion_handoffs as h
            using judged as d
            where h.reference_id = d.reference_id
                and h.pipeline_id = d.of_pipeline
                and d.state not in ('pending', 'retrying')
                and coalesce(h.next_state, 'cancelled') = 'cancelled'
        ),
        -- A requested pause applies to all workers.
        paused as (
            insert into forebay.ingestion_limits as l (pipeline_id, limit_key, tokens, refilled_at, paused_until)
            select end_attempts.pipeline_id, coalesce((d.held).limit_key, ''), 0, now(), now() + max(d.retry_after)
            from judged as d
            where d.failure_class = 'throttled' and d.retry_after is not null
            group by coalesce((d.held).limit_key, '')
            order by coalesce((d.held).limit_key, '')
            on conflict on constraint ingestion_limits_pkey do update
            set paused_until = greatest(l.paused_until, excluded.paused_until)
        ),
        -- An attempt that is reported twice ends once: a claim that is closed too early would never be rescued.
        claims as materialized (
            select forebay_private.shrink_claims(
                array(select a.receipt from attempts as a where a.is_first and a.refusal is null))
        )
        select a.reference_id,
            case
                when a.refusal is not null then a.refusal
                when a.failure_class is null or a.failure_class = 'given_back' then 'done'
                when not a.is_first then 'lost'
                when d.is_own_follow_up then 'superseded'
                else d.state
            end,
            case when d.state = 'retrying' and not d.is_own_follow_up then now() + d.delay end
        from attempts as a
        left join judged as d using (ord)
        cross join claims
        order by a.ord;
end $$;

-- Ends the open attempts of a claim as lost. A lost attempt counts against the hand-off, so content that crashes its
-- worker isn't handed to one worker after another. The caller has locked the claim.
create function forebay_private.lose_claim(claim forebay.ingestion_claims, failure_code text, message text)
returns table (verdict text)
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
    lost_ids uuid[] := array(
        select j.reference_id
        from unnest(claim.reference_ids) as d (reference_id)
        cross join lateral (
            select f.* from forebay.ingestion_handoffs as f
            where f.reference_id = d.reference_id and f.pipeline_id = claim.pipeline_id
            offset 0
        ) as j
        where j.receipt = claim.receipt);
begin
    if cardinality(lost_ids) = 0 then
        delete from forebay.ingestion_claims as c where c.receipt = claim.receipt;
        return;
    end if;
    return query
        select f.verdict
        from forebay_private.end_attempts(
            claim.pipeline_id,
            lost_ids,
            array_fill(claim.receipt, array[cardinality(lost_ids)]),
            array_fill('lost'::text, array[cardinality(lost_ids)]),
            array_fill(lose_claim.failure_code, array[cardinality(lost_ids)]),
            array_fill(lose_claim.message, array[cardinality(lost_ids)]),
            '{}', true) as f;
end $$;

-- Ends the attempts of workers that didn't report before their lease ended.
create function forebay_private.rescue_jobs(pipeline_id int, max_claims int) returns table (verdict text)
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
    dead forebay.ingestion_claims;
begin
    for dead in
        select c.*
        from forebay.ingestion_claims as c
        where c.pipeline_id = rescue_jobs.pipeline_id
            and (c.num_open <= 0
                or c.lease_until < now()
                    -- While the server was down, nobody could report: its workers get ten seconds for that.
                    and (c.claimed_at > pg_postmaster_start_time()
                        or now() > pg_postmaster_start_time() + interval '10 s'))
        limit max_claims
        for update skip locked
    loop
        return query
            select l.verdict
            from forebay_private.lose_claim(
                dead, 'lease_expired', 'the worker did not report before its lease ended') as l;
    end loop;
end $$;

-- Only roles that work with Forebay's tables need these functions. Every migration that adds one ends like this.
revoke all on all functions in schema forebay_private from public;
