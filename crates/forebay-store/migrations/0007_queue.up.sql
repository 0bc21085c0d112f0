-- Reading the queue: which jobs of a pipeline a worker outside this database gets next.
--
-- The functions of 0007 to 0010 claim, extend, complete, fail and release work that happens outside this database.
-- Forebay's own workers call them too, so a worker in any language follows the same rules. They need no session (a
-- transaction-mode pooler works), take plain types (PostgREST can call them by name) and run with their owner's rights,
-- so a worker needs no right on any table.
--
-- Lock order: persisting locks a hand-off before its job; workers lock the job first. Therefore no function here waits
-- for a hand-off or a job: it skips what another transaction has locked, or answers busy.
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

-- The job of a reference in a pipeline, by its index.
create function forebay_private.job(pipeline_id int, reference_id uuid) returns setof forebay.ingestion_jobs
language sql stable
begin atomic
    select j.*
    from forebay.ingestion_jobs as j
    where j.reference_id = job.reference_id and j.pipeline_id = job.pipeline_id
    offset 0;
end;

-- Locks the next waiting jobs of a pipeline: strictly by priority; within a priority the same share from each source,
-- so that a flood from one source doesn't starve the others; within a source the oldest first.
--
-- While an old snapshot exists (an open transaction, a long report), vacuum can't remove the index entries of finished
-- jobs, and every scan steps over all of them. So after an expensive scan, the next ones continue from where it ended,
-- for twenty times its duration and at most 5 s. Jobs behind that cursor (locked at the time, queued later with an
-- earlier time, or of a new source or priority) wait equally long, unless a scan finds too few jobs: it then restarts
-- at the front immediately.
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
    continues boolean := exists (
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
            -- A loose index scan: one lookup for each priority and source, regardless of the length of the queue.
            with recursive
            groups as (
                (
                    select j.priority, j.source_id
                    from forebay.ingestion_jobs as j
                    where j.pipeline_id = next_jobs.pipeline_id and not continues
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
                            when scan = 1
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
    return picked;
end $$;
