with
wanted as materialized (
    select *
    from unnest($2::text[], $3::text[], $4::text[], $5::float8[], $6::boolean[], $7::timestamptz[])
        as w (scope, expression, time_zone, jitter_seconds, enabled, next_due_at)
),
gone as (
    delete from forebay.source_schedules as c
    where c.source_id = $1 and not exists (select from wanted as w where w.scope = c.scope)
    returning 1
),
-- An unchanged schedule keeps its next time, because it may be due. A schedule whose next time couldn't be computed
-- is retried.
declared as (
    insert into forebay.source_schedules as c
        (source_id, scope, expression, time_zone, jitter_seconds, enabled, next_due_at, project)
    select $1, w.scope, w.expression, w.time_zone, w.jitter_seconds, w.enabled, w.next_due_at, $8 from wanted as w
    on conflict (source_id, scope) do update
    set expression = excluded.expression,
        time_zone = excluded.time_zone,
        jitter_seconds = excluded.jitter_seconds,
        enabled = excluded.enabled,
        next_due_at = excluded.next_due_at,
        project = excluded.project,
        updated_at = now()
    where (c.expression, c.time_zone, c.jitter_seconds, c.enabled, c.project)
            is distinct from (excluded.expression, excluded.time_zone, excluded.jitter_seconds, excluded.enabled,
                excluded.project)
        or (c.next_due_at is null and excluded.next_due_at is not null)
    returning 1
)
select (select count(*) from gone) + (select count(*) from declared) as num_written
