-- The queue: handing off content, and reading what a worker outside this database gets next.
--
-- The functions of 0007 to 0010 claim, extend, complete, fail and release work that happens outside this database.
-- Workers in any language call those in the schema forebay: they take plain types (PostgREST can call them by name) and
-- run with their owner's rights, so such a worker needs no right on any table. Forebay's own workers call the functions
-- in forebay_private behind them, so all follow the same rules. None needs a session: a transaction-mode pooler works.
--
-- Locks: handing off waits for a worker that holds the hand-off. No other function waits for a hand-off: it skips what
-- another transaction has locked, or answers busy. The rows of claims are waited for, in the order of their receipts.
--
-- Plans: a queue fills faster than its statistics follow, and with outdated statistics the planner sorts or hash-joins
-- whole tables. Each function's settings prevent most of it. "lateral" with "offset 0" forces an index lookup for each
-- row read. In updates, pipeline_id comes from the same row as reference_id: with a constant, the planner would start
-- with all jobs of the pipeline.

-- Finds a pipeline, or raises an error with a stable code and a hint.
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

-- The key that a payload counts against: the value of a field, or the host of the URL in that field (RFC 3986, in lower
-- case, without the port). Null means that no key limit applies.
create function forebay_private.limit_key(payload jsonb, path text[], is_url boolean) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
return left(case
    when is_url then lower(substring(payload #>> path from '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(\[[^]]*\]|[^/:?#]+)'))
    else nullif(payload #>> path, '')
end, 255);

-- Sets the limit keys of open hand-offs, or of their follow-ups, from the stored payloads, if their pipeline has
-- per-key limits.
create function forebay_private.set_limit_keys(pipeline_id int, reference_ids uuid[]) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_bitmapscan = off
set enable_seqscan = off
set jit = off
begin atomic
    with
    queued as materialized (
        select d.reference_id, p.pipeline_id, forebay_private.limit_key(r.payload, p.limit_key, p.limit_key_is_url) as limit_key
        from forebay.pipelines as p
        cross join unnest(set_limit_keys.reference_ids) as d (reference_id)
        cross join lateral (
            select f.payload from forebay."references" as f where f.reference_id = d.reference_id offset 0
        ) as r
        where p.pipeline_id = set_limit_keys.pipeline_id and p.limit_key is not null
    )
    update forebay.ingestion_handoffs as h
    set limit_key = case when h.next_payload_hash is null then q.limit_key else h.limit_key end,
        next_limit_key = case when h.next_payload_hash is not null then q.limit_key end
    from queued as q
    where h.reference_id = q.reference_id
        and h.pipeline_id = q.pipeline_id
        and case when h.next_payload_hash is null then h.limit_key else h.next_limit_key end is distinct from q.limit_key;
end;

-- Hands off content of references to pipelines, for due_at or now; the caller holds the locks of the references, so
-- that nobody else hands them off meanwhile. What waits is superseded by it, what is claimed gets it as its
-- follow-up, and content that was settled is opened again. reason_code overrides the word of the change. Returns the
-- number of hand-offs.
create function forebay_private.enqueue(
    reference_ids uuid[], payload_hashes bytea[], versions int[], changes text[], pipeline_ids int[], run_id bigint,
    source_id int, reason_code text default null, priority smallint default 0, due_at timestamptz default null)
returns bigint
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
    num_handoffs bigint;
begin
    -- The next statement sees what this one has locked as it is then: a worker that held it has committed by then.
    perform
    from (
        select d.reference_id, p.pipeline_id
        from unnest(enqueue.reference_ids) as d (reference_id)
        cross join unnest(enqueue.pipeline_ids) as p (pipeline_id)
        order by d.reference_id, p.pipeline_id
    ) as k
    cross join lateral (
        select
        from forebay.ingestion_handoffs as f
        where f.reference_id = k.reference_id and f.pipeline_id = k.pipeline_id
        offset 0
        for update
    ) as h;
    with
    changed as materialized (
        select c.reference_id, p.pipeline_id, c.payload_hash, c.version, c.change,
            -- Without a run, it keeps the one that handed this content off.
            coalesce(enqueue.run_id, o.run_id, h.next_run_id, h.run_id) as run_id, o.generation is not null as is_settled,
            h.receipt, h.is_open, h.payload_hash as open_hash, h.next_payload_hash,
            -- Content that was handed off before has a higher generation now.
            1 + coalesce(o.generation, h.next_generation, h.generation, 0) as generation,
            case
                -- An explicit reason overrides the word of the change.
                when enqueue.reason_code is not null then enqueue.reason_code
                when c.change = 'updated' and coalesce(o.generation, h.next_generation, h.generation) is not null then 'reopened'
                else c.change
            end as reason_code
        from unnest(enqueue.reference_ids, enqueue.payload_hashes, enqueue.versions, enqueue.changes) as c (reference_id, payload_hash, version, change)
        cross join unnest(enqueue.pipeline_ids) as p (pipeline_id)
        left join lateral (
            select true as is_open, f.receipt, f.payload_hash, f.next_payload_hash,
                case when f.payload_hash = c.payload_hash then f.generation end as generation,
                case when f.payload_hash = c.payload_hash then f.run_id end as run_id,
                case when f.next_payload_hash = c.payload_hash then f.next_generation end as next_generation,
                case when f.next_payload_hash = c.payload_hash then f.next_run_id end as next_run_id
            from forebay.ingestion_handoffs as f
            where f.reference_id = c.reference_id and f.pipeline_id = p.pipeline_id
            offset 0
        ) as h on true
        left join lateral (
            select f.generation, f.run_id
            from forebay.ingestion_outcomes as f
            where f.reference_id = c.reference_id and f.pipeline_id = p.pipeline_id and f.payload_hash = c.payload_hash
            offset 0
        ) as o on true
    ),
    reopened as (
        delete from forebay.ingestion_outcomes as o
        using changed as c
        where o.reference_id = c.reference_id
            and o.pipeline_id = c.pipeline_id
            and o.payload_hash = c.payload_hash
            and c.is_settled
    ),
    -- Older content that waits is superseded by the newer content, and so is an older follow-up.
    superseded as (
        insert into forebay.ingestion_outcomes
            (reference_id, pipeline_id, payload_hash, state, reason_code, failure_code, last_error, num_attempts, version,
             generation, change, run_id, enqueued_at)
        select h.reference_id, h.pipeline_id, h.payload_hash, 'superseded', 'newer_version', h.failure_code, h.last_error,
            h.num_attempts, h.version, h.generation, h.change, h.run_id, h.enqueued_at
        from changed as c
        cross join lateral (
            select *
            from forebay.ingestion_handoffs as f
            where f.reference_id = c.reference_id and f.pipeline_id = c.pipeline_id
            offset 0
        ) as h
        where c.is_open and c.receipt is null and c.open_hash <> c.payload_hash
        union all
        select h.reference_id, h.pipeline_id, h.next_payload_hash,
            case h.next_state when 'cancelled' then 'cancelled' else 'superseded' end,
            case h.next_state when 'cancelled' then 'cancelled' else 'newer_version' end, null, null, 0, h.next_version,
            h.next_generation, h.next_change, h.next_run_id, h.next_enqueued_at
        from changed as c
        cross join lateral (
            select *
            from forebay.ingestion_handoffs as f
            where f.reference_id = c.reference_id and f.pipeline_id = c.pipeline_id
            offset 0
        ) as h
        where c.next_payload_hash not in (c.payload_hash, c.open_hash)
    ),
    -- What waits gets the new content.
    replaced as (
        update forebay.ingestion_handoffs as h
        set payload_hash = c.payload_hash,
            version = c.version,
            generation = c.generation,
            change = c.change,
            reason_code = c.reason_code,
            run_id = c.run_id,
            -- What was held was in no queue.
            priority = case h.state when 'held' then enqueue.priority else least(h.priority, enqueue.priority) end,
            state = 'pending',
            enqueued_at = now(),
            not_before = coalesce(enqueue.due_at, now()),
            attempt = 0,
            num_attempts = 0,
            failure_code = null,
            last_error = null
        from changed as c
        where h.reference_id = c.reference_id and h.pipeline_id = c.pipeline_id and c.is_open and c.receipt is null
        returning 1
    ),
    -- What is claimed gets it as its follow-up.
    followed as (
        update forebay.ingestion_handoffs as h
        set next_payload_hash = c.payload_hash,
            next_version = c.version,
            next_generation = c.generation,
            next_change = c.change,
            next_reason_code = c.reason_code,
            next_run_id = c.run_id,
            next_state = 'pending',
            next_enqueued_at = now(),
            -- That of the follow-up from now on: the claim doesn't need it.
            not_before = coalesce(enqueue.due_at, least(h.not_before, now())),
            priority = least(h.priority, enqueue.priority)
        from changed as c
        where h.reference_id = c.reference_id and h.pipeline_id = c.pipeline_id and c.receipt is not null
        returning 1
    ),
    queued as (
        insert into forebay.ingestion_handoffs
            (reference_id, pipeline_id, source_id, payload_hash, version, generation, change, reason_code, run_id, priority,
             not_before)
        select c.reference_id, c.pipeline_id, enqueue.source_id, c.payload_hash, c.version, c.generation, c.change, c.reason_code, c.run_id,
            enqueue.priority, coalesce(enqueue.due_at, now())
        from changed as c
        where c.is_open is null
        returning 1
    )
    select (select count(*) from replaced) + (select count(*) from followed) + (select count(*) from queued)
    into num_handoffs;
    perform forebay_private.set_limit_keys(p.pipeline_id, enqueue.reference_ids)
    from unnest(enqueue.pipeline_ids) as p (pipeline_id);
    return num_handoffs;
end $$;

-- Locks the next waiting jobs of a pipeline, and tells whether a claim of one was lost before: strictly by priority;
-- within a priority the same share from each source, so that a flood from one source doesn't starve the others; within
-- a source the oldest first.
--
-- While an old snapshot exists (an open transaction, a long report), vacuum can't remove the index entries of finished
-- jobs, and every scan steps over all of them. So after an expensive scan, the next ones continue from where it ended,
-- for twenty times its duration and at most 5 s. Jobs behind that cursor (locked at the time, queued later with an
-- earlier time, or of a new source or priority) wait equally long, unless a scan finds too few jobs: it then restarts
-- at the front immediately.
create function forebay_private.next_jobs(pipeline_id int, wanted int, out picked uuid[], out was_lost boolean)
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
    continues boolean := exists (
        select from forebay.ingestion_cursors as l where l.pipeline_id = next_jobs.pipeline_id and l.good_until > began_at);
    level record;
    found_now record;
    num_before int;
    reached_priorities smallint[] := '{}';
    reached_sources int[] := '{}';
    reached_times timestamptz[] := '{}';
    reached_ids uuid[] := '{}';
    took interval;
begin
    picked := '{}';
    was_lost := false;
    loop
        for level in
            -- A loose index scan: one lookup for each priority and source, regardless of the length of the queue.
            with recursive
            groups as (
                (
                    select j.priority, j.source_id
                    from forebay.ingestion_handoffs as j
                    where j.pipeline_id = next_jobs.pipeline_id and j.state <> 'held' and not continues
                    order by j.priority, j.source_id
                    limit 1
                )
                union all
                select n.priority, n.source_id
                from groups as g
                cross join lateral (
                    select j.priority, j.source_id
                    from forebay.ingestion_handoffs as j
                    where j.pipeline_id = next_jobs.pipeline_id
                        and j.state <> 'held'
                        and (j.priority, j.source_id) > (g.priority, g.source_id)
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
                where l.pipeline_id = next_jobs.pipeline_id and continues
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
            -- A second scan gives the share that some sources couldn't fill to the others.
            for scan in 1 .. 2 loop
                num_before := cardinality(picked);
                exit when num_before >= wanted;
                select coalesce(array_agg(j.reference_id), '{}') as ids, coalesce(array_agg(j.not_before), '{}') as times,
                    coalesce(array_agg(j.source_id), '{}') as sources, coalesce(bool_or(j.num_lost > 0), false) as was_lost
                into found_now
                from (
                    select f.reference_id, f.not_before, f.num_lost, s.source_id
                    from unnest(level.sources, level.after_times, level.after_ids) as s (source_id, after_time, after_id)
                    cross join lateral (
                        select f.reference_id, f.not_before, f.num_lost
                        from forebay.ingestion_handoffs as f
                        where f.pipeline_id = next_jobs.pipeline_id
                            and f.state <> 'held'
                            and f.priority = level.priority
                            and f.source_id = s.source_id
                            and f.not_before <= now()
                            and (f.not_before, f.reference_id) > (s.after_time, s.after_id)
                            and f.receipt is null
                            and f.reference_id <> all (picked)
                        order by f.not_before, f.reference_id
                        limit case
                            when scan = 1
                                then (wanted - num_before + cardinality(level.sources) - 1) / cardinality(level.sources)
                            else wanted - num_before
                        end
                        for update skip locked
                    ) as f
                    limit wanted - num_before
                ) as j;
                picked := picked || found_now.ids;
                was_lost := was_lost or found_now.was_lost;
                reached_ids := reached_ids || found_now.ids;
                reached_times := reached_times || found_now.times;
                reached_sources := reached_sources || found_now.sources;
                reached_priorities :=
                    reached_priorities || array_fill(level.priority, array[cardinality(found_now.ids)]);
            end loop;
            exit when cardinality(picked) >= wanted;
        end loop;
        exit when not continues or cardinality(picked) >= wanted;
        continues := false;
    end loop;

    took := clock_timestamp() - began_at;
    -- Don't wait for another worker that is writing the cursors: its values are as good as these.
    if (continues or took > interval '5 ms' + cardinality(picked) * interval '20 us')
        and pg_try_advisory_xact_lock(hashtext('forebay.ingestion_cursors'), pipeline_id)
    then
        if not continues then
            delete from forebay.ingestion_cursors as l where l.pipeline_id = next_jobs.pipeline_id;
        end if;
        insert into forebay.ingestion_cursors as l (pipeline_id, priority, source_id, after_time, after_id, good_until)
        select distinct on (r.priority, r.source_id)
            next_jobs.pipeline_id, r.priority, r.source_id, r.not_before, r.reference_id,
            clock_timestamp() + least(interval '5 s', took * 20)
        from unnest(reached_priorities, reached_sources, reached_times, reached_ids)
            as r (priority, source_id, not_before, reference_id)
        order by r.priority, r.source_id, r.not_before desc, r.reference_id desc
        on conflict on constraint ingestion_cursors_pkey do update
        set after_time = excluded.after_time, after_id = excluded.after_id
        where (excluded.after_time, excluded.after_id) > (l.after_time, l.after_id);
    end if;
end $$;

-- Only roles that work with Forebay's tables need these functions. Every migration that adds one ends like this.
revoke all on all functions in schema forebay_private from public;
