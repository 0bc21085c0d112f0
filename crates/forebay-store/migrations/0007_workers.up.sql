-- The hand-off as functions: claiming, extending, completing, failing and giving back work that happens outside of this
-- database. Forebay's own workers call them too, so a worker in any language works by the same rules. They need no
-- session (a transaction-mode pooler will do), take plain types (PostgREST can call them by name), and run with the
-- rights of their owner, so that a worker needs no right on any table.
--
-- Mind the order of locks: persisting locks a hand-off before its job, workers the other way round. So nothing here
-- waits for a hand-off or a job: what somebody else has locked is passed over, or answered with busy.
--
-- The planner is held to index look-ups: a queue fills faster than its statistics follow, and by stale ones the planner
-- sorts or crosses whole tables. The settings of each function do most of it; "lateral" with "offset 0" does it for
-- reading; and for writing, pipeline_id comes from the same row as reference_id, because a constant would make it look
-- cheap to begin with all jobs of the pipeline.

-- Makes a message that says what to do, under a code that stays.
create function forebay_private.find_pipeline(name text) returns forebay.pipelines
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    found_pipeline forebay.pipelines;
begin
    select p.* into found_pipeline from forebay.pipelines as p where p.name = find_pipeline.name;
    if not found then
        raise no_data_found using
            message = format('no_such_pipeline: there is no pipeline %L', name),
            hint = 'select name from forebay.pipelines';
    end if;
    return found_pipeline;
end $$;

-- The job of a reference in a pipeline, by its index.
create function forebay_private.job(pipeline_id int, reference_id uuid) returns setof forebay.ingestion_jobs
language sql stable
begin atomic
    select j.*
    from forebay.ingestion_jobs as j
    where j.reference_id = job.reference_id and j.pipeline_id = job.pipeline_id
    offset 0;
end;

-- What a payload counts against where a pipeline has limits by key: the value of a field, or the host of the URL in it
-- (RFC 3986, in lower case, without port). Null where there is none: nothing limits it then.
create function forebay_private.limit_key(payload jsonb, path text[], is_url boolean) returns text
language sql immutable
return left(case
    when is_url then lower(substring(payload #>> path from '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^]]*\]|[^/:?#]+)'))
    else nullif(payload #>> path, '')
end, 255);

-- What a failure of a class costs in a pipeline.
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

-- Writes down how attempts failed: which try it was, what the policy makes of it, and what becomes of the job. A null
-- receipt means that the caller's transaction holds the job by row lock. Answers in the order of what was asked:
-- retrying, failed or superseded for what was written; stale, lost or busy for what was not.
create function forebay_private.end_failed(
    pipeline_id int, reference_ids uuid[], receipts uuid[], failure_classes text[], reason_codes text[], messages text[],
    retry_after interval[])
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
    told as materialized (
        select end_failed.pipeline_id as of_pipeline, t.*,
            -- A reference is reported once; what is said of it again is refused.
            row_number() over (partition by t.reference_id order by t.ord) = 1 as is_first
        from unnest(end_failed.reference_ids, end_failed.receipts, end_failed.failure_classes, end_failed.reason_codes,
                end_failed.messages, end_failed.retry_after) with ordinality
            as t (reference_id, receipt, failure_class, reason_code, message, retry_after, ord)
    ),
    held as materialized (
        select t.*, j.payload_hash, j.generation, j.has_follow_up, j.takes_up, j.is_here, j.num_lost, j.limit_key,
            -- A claim has counted the try already, a row lock has not.
            j.attempt + (t.receipt is null)::int as attempt,
            h.generation as handoff_generation, h.enqueued_at, h.num_attempts,
            j.is_here and h.generation is null and not exists (
                select from forebay.ingestion_handoffs as f
                where f.reference_id = t.reference_id
                    and f.pipeline_id = end_failed.pipeline_id
                    and f.payload_hash = j.payload_hash) as has_no_handoff
        from told as t
        left join lateral (
            select true as is_here, f.payload_hash, f.generation, f.attempt, f.num_lost, f.limit_key,
                f.next_payload_hash is not null as has_follow_up,
                -- A follow-up that an operator has held or cancelled meanwhile is not taken up. Asked in this way round
                -- because the job is read as it is now and its follow-up as it was when the statement began, which
                -- may have been before there was one.
                f.next_payload_hash is not null and not exists (
                    select from forebay.ingestion_handoffs as n
                    where n.reference_id = f.reference_id
                        and n.pipeline_id = f.pipeline_id
                        and n.payload_hash = f.next_payload_hash
                        and n.generation = f.next_generation
                        and n.state <> 'pending') as takes_up
            from forebay.ingestion_jobs as f
            where f.pipeline_id = end_failed.pipeline_id
                and f.reference_id = t.reference_id
                and f.receipt is not distinct from t.receipt
                and t.is_first
            offset 0
            for update skip locked
        ) as j on true
        left join lateral (
            select f.generation, f.enqueued_at, f.num_attempts
            from forebay.ingestion_handoffs as f
            where f.reference_id = t.reference_id
                and f.pipeline_id = end_failed.pipeline_id
                and f.payload_hash = j.payload_hash
            offset 0
            for update skip locked
        ) as h on true
    ),
    -- How often it has failed like this, this time included, since its content was last handed off.
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
        from held as h
        cross join lateral forebay_private.retry_policy(end_failed.pipeline_id, h.failure_class) as r
        where h.is_here and (h.handoff_generation is not null or h.has_no_handoff)
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
            -- Full jitter under a ceiling that doubles, so that what failed together does not come back together.
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
    -- A hand-off that was opened again meanwhile has a higher generation, and stays open for its follow-up.
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
    -- Tried again later, or turned to the newer content that waits.
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
            -- What takes workers down may well be in the newer content too.
            num_lost = j.num_lost + (d.failure_class = 'lost')::int,
            not_before = now() + case when d.has_follow_up then interval '0' else d.delay end
        from judged as d
        where j.reference_id = d.reference_id
            and j.pipeline_id = d.of_pipeline
            and (d.takes_up or d.state = 'retrying')
            and not d.has_no_handoff
    ),
    -- A job that has lost its hand-off (somebody cleared the history) has no promise left to keep.
    finished as (
        delete from forebay.ingestion_jobs as j
        using judged as d
        where j.reference_id = d.reference_id
            and j.pipeline_id = d.of_pipeline
            and (d.has_no_handoff or not (d.takes_up or d.state = 'retrying'))
    ),
    reported as (
        select d.receipt, count(distinct d.reference_id)::int as num_ended
        from judged as d
        where d.receipt is not null
        group by d.receipt
    ),
    -- As it was when this statement began: a report under the same receipt at the same moment makes it smaller, and the
    -- last one to write then leaves a claim with nothing open, which the next rescue clears away.
    counted_claims as materialized (
        select c.receipt, r.num_ended, c.num_open <= r.num_ended as is_whole
        from reported as r
        cross join lateral (
            select f.receipt, f.num_open from forebay.ingestion_claims as f where f.receipt = r.receipt offset 0
        ) as c
    ),
    closed as (
        delete from forebay.ingestion_claims as c using counted_claims as r
        where c.receipt = r.receipt and r.is_whole
    ),
    shrunk as (
        update forebay.ingestion_claims as c set num_open = c.num_open - r.num_ended from counted_claims as r
        where c.receipt = r.receipt and not r.is_whole
    ),
    -- Who asks to be left alone is left alone by every worker.
    paused as (
        insert into forebay.ingestion_limits as l (pipeline_id, limit_key, tokens, refilled_at, paused_until)
        select end_failed.pipeline_id, coalesce(d.limit_key, ''), 0, now(), now() + max(d.retry_after)
        from judged as d
        where d.failure_class = 'throttled' and d.retry_after is not null
        group by coalesce(d.limit_key, '')
        on conflict on constraint ingestion_limits_pkey do update
        set paused_until = greatest(l.paused_until, excluded.paused_until)
    )
    select h.reference_id,
        case
            when d.has_no_handoff or not h.is_first then 'lost'
            -- The same content was handed off again, which its follow-up takes care of.
            when d.handoff_generation is distinct from d.generation then 'superseded'
            when d.state is not null then d.state
            when h.is_here then 'busy'
            else coalesce((
                select case when f.receipt is distinct from h.receipt then 'stale' else 'busy' end
                from forebay.ingestion_jobs as f
                where f.pipeline_id = end_failed.pipeline_id and f.reference_id = h.reference_id), 'lost')
        end
    from held as h
    left join judged as d on d.ord = h.ord
    order by h.ord;
end;

-- Ends attempts that succeeded, or (gives_back) that were not made at all. Every row is checked by its receipt. Answers
-- in the order of what was asked: done, stale, lost or busy.
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
        select end_held.pipeline_id as of_pipeline, c.ord, c.reference_id, c.receipt, j.payload_hash, j.generation, j.has_follow_up, j.takes_up,
            case
                when h.is_locked then 'done'
                -- It has lost its hand-off (somebody cleared the history): what is left is the job.
                when j.reference_id is not null and not exists (
                    select from forebay.ingestion_handoffs as f
                    where f.reference_id = c.reference_id
                        and f.pipeline_id = end_held.pipeline_id
                        and f.payload_hash = j.payload_hash)
                    then 'done'
                when j.reference_id is not null then 'busy'
                else coalesce((
                    select case when f.receipt is distinct from c.receipt then 'stale' else 'busy' end
                    from forebay.ingestion_jobs as f
                    where f.pipeline_id = end_held.pipeline_id and f.reference_id = c.reference_id), 'lost')
            end as verdict
        from unnest(end_held.reference_ids, end_held.receipts) with ordinality as c (reference_id, receipt, ord)
        left join lateral (
            select f.reference_id, f.payload_hash, f.generation, f.next_payload_hash is not null as has_follow_up,
                -- A follow-up that an operator has held or cancelled meanwhile is not taken up. Asked in this way round
                -- because the job is read as it is now and its follow-up as it was when the statement began, which
                -- may have been before there was one.
                f.next_payload_hash is not null and not exists (
                    select from forebay.ingestion_handoffs as n
                    where n.reference_id = f.reference_id
                        and n.pipeline_id = f.pipeline_id
                        and n.payload_hash = f.next_payload_hash
                        and n.generation = f.next_generation
                        and n.state <> 'pending') as takes_up
            from forebay.ingestion_jobs as f
            where f.pipeline_id = end_held.pipeline_id and f.reference_id = c.reference_id and f.receipt = c.receipt
            offset 0
            for update skip locked
        ) as j on true
        left join lateral (
            select true as is_locked
            from forebay.ingestion_handoffs as f
            where f.reference_id = j.reference_id
                and f.pipeline_id = end_held.pipeline_id
                and f.payload_hash = j.payload_hash
            offset 0
            for update skip locked
        ) as h on true
    ),
    -- A hand-off that was opened again meanwhile has a higher generation, and stays open for its follow-up.
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
    -- Free again: for the newer content if some came, or else, given back, for the same.
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
    reported as (
        -- A row that is told twice ends one attempt: a claim that is closed too early is never rescued.
        select e.receipt, count(distinct e.reference_id)::int as num_ended
        from judged as e
        where e.verdict = 'done'
        group by e.receipt
    ),
    -- As it was when this statement began: a report under the same receipt at the same moment makes it smaller, and the
    -- last one to write then leaves a claim with nothing open, which the next rescue clears away.
    counted_claims as materialized (
        select c.receipt, r.num_ended, c.num_open <= r.num_ended as is_whole
        from reported as r
        cross join lateral (
            select f.receipt, f.num_open from forebay.ingestion_claims as f where f.receipt = r.receipt offset 0
        ) as c
    ),
    closed as (
        delete from forebay.ingestion_claims as c using counted_claims as r
        where c.receipt = r.receipt and r.is_whole
    ),
    shrunk as (
        update forebay.ingestion_claims as c set num_open = c.num_open - r.num_ended from counted_claims as r
        where c.receipt = r.receipt and not r.is_whole
    )
    select e.reference_id, e.verdict from judged as e order by e.ord;
end;

-- Frees what workers held that did not report before their lease ended, as attempts that were lost. Content that takes
-- its worker down must not be handed to one worker after the other: losing counts against the hand-off.
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

-- How many of the jobs that are wanted the limits of a pipeline allow now. Locks the pipeline's bucket, so that
-- claims under limits are made one after the other.
create function forebay_private.allowance(p forebay.pipelines, wanted int) returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
as $$
declare
    bucket forebay.ingestion_limits;
    allowed double precision := wanted;
    num_active int;
begin
    if p.max_active is null and p.rate_limit is null and p.key_max_active is null and p.key_rate_limit is null then
        select l.* into bucket from forebay.ingestion_limits as l where l.pipeline_id = p.pipeline_id and l.limit_key = '';
        return case when bucket.paused_until > now() then 0 else wanted end;
    end if;
    insert into forebay.ingestion_limits as l (pipeline_id, limit_key, tokens, refilled_at)
    values (p.pipeline_id, '', greatest(1, coalesce(p.rate_limit, 1)), now())
    on conflict on constraint ingestion_limits_pkey do nothing;
    select l.* into bucket
    from forebay.ingestion_limits as l
    where l.pipeline_id = p.pipeline_id and l.limit_key = ''
    for update;
    if bucket.paused_until > clock_timestamp() then
        return 0;
    end if;
    if p.rate_limit is not null then
        -- A bucket holds the claims of one second, and one at least.
        allowed := least(allowed, floor(forebay_private.tokens(bucket, p.rate_limit)));
    end if;
    if p.max_active is not null then
        select count(*) into num_active
        from forebay.ingestion_claims as c
        cross join unnest(c.reference_ids) as d (reference_id)
        cross join lateral forebay_private.job(p.pipeline_id, d.reference_id) as j
        where c.pipeline_id = p.pipeline_id and j.receipt = c.receipt;
        allowed := least(allowed, p.max_active - num_active);
    end if;
    return greatest(0, allowed);
end $$;

-- What a bucket holds by now.
create function forebay_private.tokens(bucket forebay.ingestion_limits, rate double precision) returns double precision
language sql stable
return least(
    greatest(1, rate),
    bucket.tokens + rate * greatest(0, extract(epoch from clock_timestamp() - bucket.refilled_at)));

-- The waiting jobs of a pipeline that come next, locked: strictly by priority; of one priority, each source gets the
-- same share, so that a flood from one does not starve another; of a source, the oldest first.
--
-- While an old snapshot is about (somebody's transaction left open, a long report), the entries of finished jobs stay at
-- the front of the index, and each look steps over all of them. So after a look that was dear, the next ones go on from
-- where it ended, for twenty times as long as it took and 5 s at most. What is passed over meanwhile (jobs that were
-- locked, or come later with an earlier time, or belong to a source or priority that was not there) waits as long, unless
-- a look finds fewer than are wanted and so begins at the front again at once.
create function forebay_private.next_jobs(pipeline_id int, wanted int) returns uuid[]
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
    began_at timestamptz := clock_timestamp();
    goes_on boolean := exists (
        select from forebay.ingestion_cursors as l where l.pipeline_id = next_jobs.pipeline_id and l.good_until > began_at);
    level record;
    found_now record;
    picked uuid[] := '{}';
    num_before int;
    reached_priorities smallint[] := '{}';
    reached_sources int[] := '{}';
    reached_times timestamptz[] := '{}';
    reached_ids uuid[] := '{}';
    took interval;
begin
    loop
        for level in
            -- A loose index scan: one look-up for each priority and source, however long the queue is.
            with recursive
            groups as (
                (
                    select j.priority, j.source_id
                    from forebay.ingestion_jobs as j
                    where j.pipeline_id = next_jobs.pipeline_id and not goes_on
                    order by j.priority, j.source_id
                    limit 1
                )
                union all
                select n.priority, n.source_id
                from groups as g
                cross join lateral (
                    select j.priority, j.source_id
                    from forebay.ingestion_jobs as j
                    where j.pipeline_id = next_jobs.pipeline_id and (j.priority, j.source_id) > (g.priority, g.source_id)
                    order by j.priority, j.source_id
                    limit 1
                ) as n
            ),
            starts as (
                select g.priority, g.source_id, '-infinity'::timestamptz as after_time,
                    '00000000-0000-0000-0000-000000000000'::uuid as after_id
                from groups as g
                union all
                select l.priority, l.source_id, l.after_time, l.after_id
                from forebay.ingestion_cursors as l
                where l.pipeline_id = next_jobs.pipeline_id and goes_on
            ),
            shuffled as (
                select s.*, random() as turn from starts as s
            )
            select s.priority,
                array_agg(s.source_id order by s.turn) as sources,
                array_agg(s.after_time order by s.turn) as after_times,
                array_agg(s.after_id order by s.turn) as after_ids
            from shuffled as s
            group by s.priority
            order by s.priority
        loop
            -- What some sources cannot fill is for the others, which a second look gives them.
            for look in 1 .. 2 loop
                num_before := cardinality(picked);
                exit when num_before >= wanted;
                select coalesce(array_agg(j.reference_id), '{}') as ids, coalesce(array_agg(j.not_before), '{}') as times,
                    coalesce(array_agg(j.source_id), '{}') as sources
                into found_now
                from (
                    select f.reference_id, f.not_before, s.source_id
                    from unnest(level.sources, level.after_times, level.after_ids) as s (source_id, after_time, after_id)
                    cross join lateral (
                        select f.reference_id, f.not_before
                        from forebay.ingestion_jobs as f
                        where f.pipeline_id = next_jobs.pipeline_id
                            and f.priority = level.priority
                            and f.source_id = s.source_id
                            and f.not_before <= now()
                            and (f.not_before, f.reference_id) > (s.after_time, s.after_id)
                            and f.receipt is null
                            and f.reference_id <> all (picked)
                        order by f.not_before, f.reference_id
                        limit case
                            when look = 1
                                then (wanted - num_before + cardinality(level.sources) - 1) / cardinality(level.sources)
                            else wanted - num_before
                        end
                        for update skip locked
                    ) as f
                    limit wanted - num_before
                ) as j;
                picked := picked || found_now.ids;
                reached_ids := reached_ids || found_now.ids;
                reached_times := reached_times || found_now.times;
                reached_sources := reached_sources || found_now.sources;
                reached_priorities :=
                    reached_priorities || array_fill(level.priority, array[cardinality(found_now.ids)]);
            end loop;
            exit when cardinality(picked) >= wanted;
        end loop;
        exit when not goes_on or cardinality(picked) >= wanted;
        goes_on := false;
    end loop;

    took := clock_timestamp() - began_at;
    -- Whoever else is about to write the places down does it as well; nobody waits for it.
    if (goes_on or took > interval '5 ms' + cardinality(picked) * interval '20 us')
        and pg_try_advisory_xact_lock(hashtext('forebay.ingestion_cursors'), pipeline_id)
    then
        if not goes_on then
            delete from forebay.ingestion_cursors as l where l.pipeline_id = next_jobs.pipeline_id;
        end if;
        insert into forebay.ingestion_cursors as l (pipeline_id, priority, source_id, after_time, after_id, good_until)
        select distinct on (r.priority, r.source_id)
            next_jobs.pipeline_id, r.priority, r.source_id, r.not_before, r.reference_id,
            clock_timestamp() + least(interval '5 s', took * 20)
        from unnest(reached_priorities, reached_sources, reached_times, reached_ids)
            as r (priority, source_id, not_before, reference_id)
        order by r.priority, r.source_id, r.not_before desc, r.reference_id desc
        on conflict on constraint ingestion_places_pkey do update
        set after_time = excluded.after_time, after_id = excluded.after_id
        where (excluded.after_time, excluded.after_id) > (l.after_time, l.after_id);
    end if;
    return picked;
end $$;

-- Of jobs that are locked, those that the limits by key allow now; the others are put off for as long as their key
-- needs, and so leave the front of the queue to other keys.
create function forebay_private.within_key_limits(p forebay.pipelines, picked uuid[], wanted int) returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
as $$
declare
    allowed uuid[];
begin
    insert into forebay.ingestion_limits as l (pipeline_id, limit_key, tokens, refilled_at)
    select distinct p.pipeline_id, j.limit_key, greatest(1, coalesce(p.key_rate_limit, 1)), now()
    from unnest(picked) as d (reference_id)
    cross join lateral forebay_private.job(p.pipeline_id, d.reference_id) as j
    where j.limit_key is not null
    on conflict on constraint ingestion_limits_pkey do nothing;

    with
    placed as materialized (
        select d.place, j.reference_id, j.limit_key,
            row_number() over (partition by j.limit_key order by d.place) as place_in_key
        from unnest(picked) with ordinality as d (reference_id, place)
        cross join lateral forebay_private.job(p.pipeline_id, d.reference_id) as j
    ),
    active as materialized (
        select j.limit_key, count(*) as num_active
        from forebay.ingestion_claims as c
        cross join unnest(c.reference_ids) as d (reference_id)
        cross join lateral forebay_private.job(p.pipeline_id, d.reference_id) as j
        where c.pipeline_id = p.pipeline_id and j.receipt = c.receipt and j.limit_key is not null
        group by j.limit_key
    ),
    capacity as materialized (
        select l.limit_key,
            case
                when l.paused_until > now() then 0
                else least(
                    case when p.key_rate_limit is null then wanted else floor(forebay_private.tokens(l, p.key_rate_limit)) end,
                    case when p.key_max_active is null then wanted else p.key_max_active - coalesce(a.num_active, 0) end)
            end as num_allowed,
            greatest(l.paused_until, now()) as next_at
        from forebay.ingestion_limits as l
        left join active as a using (limit_key)
        where l.pipeline_id = p.pipeline_id and l.limit_key = any (select k.limit_key from placed as k)
    ),
    judged as materialized (
        select p.pipeline_id as of_pipeline, k.reference_id, k.place, k.place_in_key, c.num_allowed, c.next_at,
            k.limit_key is null or k.place_in_key <= c.num_allowed as is_allowed
        from placed as k
        left join capacity as c using (limit_key)
    ),
    put_off as (
        update forebay.ingestion_jobs as j
        set not_before = d.next_at + make_interval(
            -- As its turn would come by the rate; what waits for others to finish looks again in a second.
            secs => least(60, case
                when p.key_rate_limit is null then 1
                else (d.place_in_key - greatest(0, d.num_allowed)) / p.key_rate_limit
            end))
        from judged as d
        where j.reference_id = d.reference_id and j.pipeline_id = d.of_pipeline and not d.is_allowed
    )
    select coalesce(array_agg(d.reference_id order by d.place), '{}') into allowed
    from (select f.reference_id, f.place from judged as f where f.is_allowed order by f.place limit wanted) as d;
    return allowed;
end $$;

create function forebay.claim_jobs(
    pipeline text, max_jobs int default 100, lease interval default '5 minutes', worker text default null)
returns table (
    reference_id uuid, receipt uuid, lease_until timestamptz, source text, entity_type text, record_key text, change text,
    version int, payload_hash text, generation int, attempt int, changed_at timestamptz, payload jsonb)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    p forebay.pipelines := forebay_private.find_pipeline(pipeline);
    wanted int;
    page_size int;
    num_seen int;
    picked uuid[];
    hashes bytea[];
    held_under uuid := gen_random_uuid();
    -- Callers by JSON send null for what they leave open.
    held_until timestamptz := now() + least(coalesce(lease, '5 minutes'), interval '1 day');
    -- Where there is a key, pauses go by it even if nothing else does.
    has_key_limits boolean := p.limit_key is not null;
begin
    if lease <= interval '0' then
        raise invalid_parameter_value using message = 'invalid_lease: a lease must be longer than nothing';
    end if;
    if p.handler in ('table', 'documents') then
        raise feature_not_supported using
            message = format('not_claimable: the handler %s of %L works inside the database', p.handler, p.name),
            hint = 'declare a pipeline with handler = "external"';
    end if;
    perform forebay_private.rescue_jobs(p.pipeline_id, 100);
    if not p.enabled then
        return;
    end if;
    wanted := forebay_private.allowance(p, least(coalesce(max_jobs, 100), 10000));
    if wanted < 1 then
        return;
    end if;

    if has_key_limits then
        -- What is put off leaves the queue to other keys, so a page of one busy key is no reason to stop.
        for page in 1 .. 10 loop
            page_size := greatest(wanted * 4, 1000);
            picked := forebay_private.next_jobs(p.pipeline_id, page_size);
            num_seen := cardinality(picked);
            picked := forebay_private.within_key_limits(p, picked, wanted);
            exit when cardinality(picked) > 0 or num_seen < page_size;
        end loop;
    else
        picked := forebay_private.next_jobs(p.pipeline_id, wanted);
    end if;
    with
    candidates as materialized (
        select d.place, j.reference_id, j.payload_hash, j.generation, j.num_lost,
            first_value(j.num_lost) over (order by d.place) as first_lost
        from unnest(picked) with ordinality as d (reference_id, place)
        cross join lateral forebay_private.job(p.pipeline_id, d.reference_id) as j
    )
    select array_agg(c.reference_id), array_agg(c.payload_hash) into picked, hashes
    from candidates as c
    -- The hand-offs will become active. One that somebody has locked right now (persisting newer content) is left alone,
    -- and so is one that an operator has held.
    left join lateral (
        select true as is_locked
        from forebay.ingestion_handoffs as f
        where f.reference_id = c.reference_id
            and f.pipeline_id = p.pipeline_id
            and f.payload_hash = c.payload_hash
            and f.generation = c.generation
            and f.state in ('pending', 'retrying')
        offset 0
        for update skip locked
    ) as h on true
    -- A job whose claim was lost may have taken its worker down: it is claimed alone, so that it takes no others with it.
    where case when c.first_lost > 0 then c.place = 1 else c.num_lost = 0 end
        and (
            h.is_locked
            -- A job that has lost its hand-off (somebody cleared the history) is carried out all the same.
            or not exists (
                select from forebay.ingestion_handoffs as f
                where f.reference_id = c.reference_id
                    and f.pipeline_id = p.pipeline_id
                    and f.payload_hash = c.payload_hash));
    if picked is null then
        return;
    end if;
    with
    started as materialized (
        select p.pipeline_id as of_pipeline, d.* from unnest(picked, hashes) as d (reference_id, payload_hash)
    )
    update forebay.ingestion_handoffs as h
    set state = 'active'
    from started as s
    where h.reference_id = s.reference_id and h.pipeline_id = s.of_pipeline and h.payload_hash = s.payload_hash;
    insert into forebay.ingestion_claims (receipt, pipeline_id, lease_until, num_open, worker, reference_ids)
    values (held_under, p.pipeline_id, held_until, cardinality(picked), left(worker, 200), picked);
    if p.rate_limit is not null or p.key_rate_limit is not null then
        perform forebay_private.spend(p, picked);
    end if;

    return query
        with
        started as materialized (
            select p.pipeline_id as of_pipeline, d.reference_id from unnest(picked) as d (reference_id)
        ),
        claimed as (
            update forebay.ingestion_jobs as j
            set receipt = held_under, attempt = j.attempt + 1
            from started as s
            where j.reference_id = s.reference_id and j.pipeline_id = s.of_pipeline
            returning j.reference_id, j.payload_hash, j.generation, j.change, j.attempt
        )
        -- Only the reference_id crosses the hand-off: what is to be ingested is what is stored now.
        select c.reference_id, held_under, held_until, s.name, r.entity_type, r.record_key, c.change, r.version,
            encode(c.payload_hash, 'hex'), c.generation, c.attempt, r.changed_at,
            case when r.removed_at is null then r.payload end
        from claimed as c
        left join forebay."references" as r on r.reference_id = c.reference_id
        left join forebay.sources as s on s.source_id = r.source_id
        order by c.reference_id;
end $$;
comment on function forebay.claim_jobs(text, int, interval, text) is
    'Claims up to max_jobs due jobs of a pipeline for a worker outside of the database, until the lease ends. payload is null when the reference is gone.';

-- Takes what a claim uses out of the buckets of its pipeline and keys.
create function forebay_private.spend(p forebay.pipelines, picked uuid[]) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
    with
    used as (
        select '' as limit_key, cardinality(picked)::float8 as num_used, p.rate_limit as rate
        union all
        select j.limit_key, count(*), p.key_rate_limit
        from unnest(picked) as d (reference_id)
        cross join lateral forebay_private.job(p.pipeline_id, d.reference_id) as j
        where j.limit_key is not null
        group by j.limit_key
    )
    update forebay.ingestion_limits as l
    set tokens = forebay_private.tokens(l, u.rate) - u.num_used, refilled_at = clock_timestamp()
    from used as u
    where l.pipeline_id = p.pipeline_id and l.limit_key = u.limit_key and u.rate is not null;
end;

create function forebay.heartbeat_jobs(pipeline text, receipts uuid[], lease interval default '5 minutes')
returns table (receipt uuid, verdict text, lease_until timestamptz)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    with
    extended as (
        update forebay.ingestion_claims as c
        set lease_until = greatest(c.lease_until, now() + least(coalesce(heartbeat_jobs.lease, '5 minutes'), interval '1 day'))
        from forebay_private.find_pipeline(heartbeat_jobs.pipeline) as p
        where c.pipeline_id = p.pipeline_id and c.receipt = any (heartbeat_jobs.receipts) and c.num_open > 0
        returning c.receipt, c.lease_until
    )
    select r.receipt, case when e.receipt is null then 'lost' else 'extended' end, e.lease_until
    from unnest(heartbeat_jobs.receipts) with ordinality as r (receipt, ord)
    left join extended as e on e.receipt = r.receipt
    order by r.ord;
end;
comment on function forebay.heartbeat_jobs(text, uuid[], interval) is
    'Extends the lease of claims. lost: the claim was given to somebody else, or all of it was reported; stop working on it.';

create function forebay.complete_jobs(pipeline text, reference_ids uuid[], receipts uuid[])
returns table (reference_id uuid, verdict text)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select e.reference_id, e.verdict
    from forebay_private.find_pipeline(complete_jobs.pipeline) as p
    cross join lateral forebay_private.end_held(p.pipeline_id, complete_jobs.reference_ids, complete_jobs.receipts, false) as e;
end;
comment on function forebay.complete_jobs(text, uuid[], uuid[]) is
    'Ends attempts that succeeded, one receipt for each reference. done: written; stale: held under another receipt, refused; lost: no such job any more, refused; busy: locked right now, report again.';

create function forebay.release_jobs(pipeline text, reference_ids uuid[], receipts uuid[])
returns table (reference_id uuid, verdict text)
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
    select e.reference_id, e.verdict
    from forebay_private.find_pipeline(release_jobs.pipeline) as p
    cross join lateral forebay_private.end_held(p.pipeline_id, release_jobs.reference_ids, release_jobs.receipts, true) as e;
end;
comment on function forebay.release_jobs(text, uuid[], uuid[]) is
    'Gives claimed jobs back without having tried them; another worker may claim them at once. Verdicts as for complete_jobs.';

create function forebay.fail_jobs(pipeline text, failures jsonb)
returns table (reference_id uuid, verdict text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    p forebay.pipelines := forebay_private.find_pipeline(pipeline);
    told record;
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
            -- Without a time the policy decides; longer than a day is a mistake (a point in time given as a span).
            when f.retry_after_seconds is not null then make_interval(secs => least(86400, greatest(0, f.retry_after_seconds)))
        end order by f.ord) as waits
    into told
    from rows from (
        jsonb_to_recordset(failures) as (
            reference_id uuid, receipt uuid, class text, reason_code text, message text, retry_after_seconds float8))
        with ordinality as f (reference_id, receipt, class, reason_code, message, retry_after_seconds, ord);
    return query
        select e.reference_id, e.verdict
        from forebay_private.end_failed(p.pipeline_id, coalesce(told.reference_ids, '{}'), told.receipts, told.classes,
            told.reason_codes, told.messages, told.waits) as e;
end $$;
comment on function forebay.fail_jobs(text, jsonb) is
    'Ends attempts that failed: an array of {reference_id, receipt, class, reason_code, message, retry_after_seconds}. Answers retrying, failed or superseded, or why it was refused: stale, lost or busy.';

-- Who may work, and nothing else: no right on any table.
do $$
begin
    if not exists (select from pg_roles where rolname = 'forebay_worker') then
        create role forebay_worker nologin;
    end if;
exception
    when insufficient_privilege then
        raise notice 'the role forebay_worker was not made, because this role may not create roles';
    when duplicate_object or unique_violation then
        null;
end $$;
do $$
declare
    worker_function text;
begin
    foreach worker_function in array array[
        'claim_jobs(text, int, interval, text)', 'heartbeat_jobs(text, uuid[], interval)',
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
