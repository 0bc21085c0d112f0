-- References as of any time. The latest payload is stored whole; an earlier one is computed by undoing later changes
-- field by field: the earliest revision of a field after that time contains the value that the field had.

create function forebay.reference_at(reference_id uuid, at timestamptz) returns jsonb
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
return (
    with
    later as (
        select distinct on (v.change = 'updated', v.field_name) v.change, v.field_name, v.old_value
        from forebay.reference_revisions as v
        where v.reference_id = reference_at.reference_id and v.changed_at > reference_at.at
        order by v.change = 'updated', v.field_name, v.changed_at, v.scrape_run_id
    )
    select (r.payload - coalesce((select array_agg(l.field_name) from later as l where l.change = 'updated'), '{}'))
        || coalesce((select jsonb_object_agg(l.field_name, l.old_value) from later as l
            where l.change = 'updated' and l.old_value is not null), '{}')
    from forebay."references" as r
    where r.reference_id = reference_at.reference_id
        and r.first_seen_at <= reference_at.at
        -- It existed if its next event is a removal, or if there is no later event and it is active now.
        and coalesce((select l.change = 'removed' from later as l where l.change <> 'updated'), r.removed_at is null)
);
comment on function forebay.reference_at(uuid, timestamptz) is
    'The payload of a reference at a time; null if it did not exist: not yet seen, or removed.';

create function forebay.source_at(source text, at timestamptz)
returns table (reference_id uuid, record_key text, scope text, payload jsonb)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
begin atomic
    with
    -- Only references that changed after that time have to be undone.
    later as (
        select distinct on (v.reference_id, v.change = 'updated', v.field_name)
            v.reference_id, v.change, v.field_name, v.old_value
        from forebay.reference_revisions as v
        where v.changed_at > source_at.at
            and v.reference_id in (
                select r.reference_id from forebay."references" as r
                join forebay.sources as s using (source_id) where s.name = source_at.source)
        order by v.reference_id, v.change = 'updated', v.field_name, v.changed_at, v.scrape_run_id
    ),
    undone as (
        select l.reference_id,
            coalesce(array_agg(l.field_name) filter (where l.change = 'updated'), '{}') as fields,
            coalesce(jsonb_object_agg(l.field_name, l.old_value)
                filter (where l.change = 'updated' and l.old_value is not null), '{}') as old_values,
            bool_or(l.change = 'removed') filter (where l.change <> 'updated') as was_there
        from later as l
        group by l.reference_id
    )
    select r.reference_id, r.record_key, r.scope,
        case when u.reference_id is null then r.payload else (r.payload - u.fields) || u.old_values end
    from forebay."references" as r
    join forebay.sources as s using (source_id)
    left join undone as u using (reference_id)
    where s.name = source_at.source
        and r.first_seen_at <= source_at.at
        and coalesce(u.was_there, r.removed_at is null);
end;
comment on function forebay.source_at(text, timestamptz) is
    'All references of a source that existed at a time, with their payloads at that time.';

-- Every hand-off as one row for each content, whichever table has it.
create view forebay.handoffs with (security_invoker = true) as
    select h.reference_id, h.pipeline_id, h.payload_hash, case when h.receipt is null then h.state else 'active' end as state,
        h.reason_code, h.failure_code, h.last_error, h.change, h.version, h.generation, h.num_attempts, h.run_id,
        h.enqueued_at, null::timestamptz as finished_at
    from forebay.ingestion_handoffs as h
    -- Content that was handed off again during its attempt is its own follow-up.
    where h.next_payload_hash is distinct from h.payload_hash
    union all
    select h.reference_id, h.pipeline_id, h.next_payload_hash, h.next_state, h.next_reason_code, null, null, h.next_change,
        h.next_version, h.next_generation, 0, h.next_run_id, h.next_enqueued_at, null
    from forebay.ingestion_handoffs as h
    where h.next_payload_hash is not null
    union all
    select o.reference_id, o.pipeline_id, o.payload_hash, o.state, o.reason_code, o.failure_code, o.last_error, o.change,
        o.version, o.generation, o.num_attempts, o.run_id, o.enqueued_at, o.finished_at
    from forebay.ingestion_outcomes as o;
comment on view forebay.handoffs is
    'All hand-offs, open and settled: one row for each pipeline, reference and content.';

create view forebay.handoff_counts with (security_invoker = true) as
    select p.name as pipeline, h.state, h.reason_code, h.failure_code, count(*) as num_handoffs,
        min(h.enqueued_at) as oldest_enqueued_at
    from forebay.handoffs as h
    join forebay.pipelines as p using (pipeline_id)
    group by p.name, h.state, h.reason_code, h.failure_code;
comment on view forebay.handoff_counts is
    'Number of hand-offs by pipeline, state, reason and last reported failure, with the time of the oldest.';

create view forebay.handoff_status with (security_invoker = true) as
    select h.reference_id, s.name as source, r.record_key, p.name as pipeline, h.state, h.reason_code, h.failure_code,
        h.last_error, h.change, h.version, h.num_attempts, h.enqueued_at, h.finished_at
    from (
        select distinct on (f.reference_id, f.pipeline_id) f.*
        from forebay.handoffs as f
        order by f.reference_id, f.pipeline_id, f.version desc, f.enqueued_at desc
    ) as h
    join forebay.pipelines as p using (pipeline_id)
    left join forebay."references" as r using (reference_id)
    left join forebay.sources as s using (source_id);
comment on view forebay.handoff_status is
    'The latest hand-off of each reference in each pipeline. Source and key are null if the reference was deleted.';

create function forebay.handoffs_of(reference_id uuid)
returns table (
    pipeline text, state text, reason_code text, failure_code text, last_error text, change text, version int,
    generation int, num_attempts int, payload_hash text, run_id bigint, enqueued_at timestamptz, finished_at timestamptz,
    not_before timestamptz, lease_until timestamptz, worker text)
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
begin atomic
    select p.name, h.state, h.reason_code, h.failure_code, h.last_error, h.change, h.version, h.generation,
        h.num_attempts, encode(h.payload_hash, 'hex'), h.run_id, h.enqueued_at, h.finished_at,
        case when o.receipt is null and h.state <> 'held' then o.not_before end, c.lease_until, c.worker
    from forebay.handoffs as h
    join forebay.pipelines as p using (pipeline_id)
    left join forebay.ingestion_handoffs as o
        on o.reference_id = h.reference_id and o.pipeline_id = h.pipeline_id and o.payload_hash = h.payload_hash
    left join forebay.ingestion_claims as c on c.receipt = o.receipt
    where h.reference_id = handoffs_of.reference_id
    order by p.name, h.version desc, h.enqueued_at desc;
end;
comment on function forebay.handoffs_of(uuid) is
    'The hand-offs of a reference in all pipelines, newest first: when an open one is due, and who works on it until when.';

-- What belongs to a row: "row.name" in SQL, and an embedded resource in PostgREST, where tables have no foreign key.
-- A function with a search path is called for each row instead of being merged into the query; each call is one indexed
-- look-up.

create function forebay.revisions(forebay."references") returns setof forebay.reference_revisions
language sql stable parallel safe rows 10
set search_path = pg_catalog, pg_temp
as $$ select v.* from forebay.reference_revisions as v where v.reference_id = $1.reference_id $$;
comment on function forebay.revisions(forebay."references") is 'The revisions of a reference.';

create function forebay.run(forebay."references") returns setof forebay.scrape_runs
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$ select r.* from forebay.scrape_runs as r where r.run_id = $1.scrape_run_id $$;
comment on function forebay.run(forebay."references") is 'The run that last wrote a reference.';

create function forebay.source(forebay."references") returns setof forebay.sources
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$ select s.* from forebay.sources as s where s.source_id = $1.source_id $$;
comment on function forebay.source(forebay."references") is 'The source of a reference.';

create function forebay.handoffs(forebay."references") returns setof forebay.handoffs
language sql stable parallel safe rows 10
set search_path = pg_catalog, pg_temp
as $$ select h.* from forebay.handoffs as h where h.reference_id = $1.reference_id $$;
comment on function forebay.handoffs(forebay."references") is 'The hand-offs of a reference.';

create function forebay.reference(forebay.reference_revisions) returns setof forebay."references"
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$ select r.* from forebay."references" as r where r.reference_id = $1.reference_id $$;
comment on function forebay.reference(forebay.reference_revisions) is 'The reference that a revision changed.';

create function forebay.run(forebay.reference_revisions) returns setof forebay.scrape_runs
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$ select r.* from forebay.scrape_runs as r where r.run_id = $1.scrape_run_id $$;
comment on function forebay.run(forebay.reference_revisions) is 'The run that observed a revision.';

create function forebay.reference(forebay.handoffs) returns setof forebay."references"
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$ select r.* from forebay."references" as r where r.reference_id = $1.reference_id $$;
comment on function forebay.reference(forebay.handoffs) is 'The reference of a hand-off.';

create function forebay.pipeline(forebay.handoffs) returns setof forebay.pipelines
language sql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
as $$ select p.* from forebay.pipelines as p where p.pipeline_id = $1.pipeline_id $$;
comment on function forebay.pipeline(forebay.handoffs) is 'The pipeline of a hand-off.';

revoke all on all functions in schema forebay from public;
