-- Limits of a pipeline: concurrency and rate, for all its workers together and for each key of its payloads.

-- The tokens in a bucket now.
create function forebay_private.tokens(bucket forebay.ingestion_limits, rate double precision) returns double precision
language sql stable
set search_path = pg_catalog, pg_temp
return least(
    greatest(1, rate),
    bucket.tokens + rate * greatest(0, extract(epoch from clock_timestamp() - bucket.refilled_at)));

-- How many of the wanted jobs a pipeline's limits allow now. Locks the pipeline's bucket: claims under limits run one
-- after another.
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
        -- A bucket holds the tokens of one second, but at least one.
        allowed := least(allowed, floor(forebay_private.tokens(bucket, p.rate_limit)));
    end if;
    if p.max_active is not null then
        select count(*) into num_active
        from forebay.ingestion_claims as c
        cross join unnest(c.reference_ids) as d (reference_id)
        cross join lateral (
            select f.* from forebay.ingestion_handoffs as f
            where f.reference_id = d.reference_id and f.pipeline_id = p.pipeline_id
            offset 0
        ) as j
        where c.pipeline_id = p.pipeline_id and j.receipt = c.receipt;
        allowed := least(allowed, p.max_active - num_active);
    end if;
    return greatest(0, allowed);
end $$;

-- Filters locked jobs by the limits of their keys. The other jobs are postponed until their key has capacity, which
-- moves them away from the front of the queue and lets other keys through.
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
    cross join lateral (
        select f.* from forebay.ingestion_handoffs as f
        where f.reference_id = d.reference_id and f.pipeline_id = p.pipeline_id
        offset 0
    ) as j
    where j.limit_key is not null
    on conflict on constraint ingestion_limits_pkey do nothing;

    with
    ranked as materialized (
        select d.ord, j.reference_id, j.limit_key,
            row_number() over (partition by j.limit_key order by d.ord) as rank_in_key
        from unnest(picked) with ordinality as d (reference_id, ord)
        cross join lateral (
            select f.* from forebay.ingestion_handoffs as f
            where f.reference_id = d.reference_id and f.pipeline_id = p.pipeline_id
            offset 0
        ) as j
    ),
    active as materialized (
        select j.limit_key, count(*) as num_active
        from forebay.ingestion_claims as c
        cross join unnest(c.reference_ids) as d (reference_id)
        cross join lateral (
            select f.* from forebay.ingestion_handoffs as f
            where f.reference_id = d.reference_id and f.pipeline_id = p.pipeline_id
            offset 0
        ) as j
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
        where l.pipeline_id = p.pipeline_id and l.limit_key = any (select k.limit_key from ranked as k)
    ),
    judged as materialized (
        select p.pipeline_id as of_pipeline, k.reference_id, k.ord, k.rank_in_key, c.num_allowed, c.next_at,
            k.limit_key is null or k.rank_in_key <= c.num_allowed as is_allowed
        from ranked as k
        left join capacity as c using (limit_key)
    ),
    put_off as (
        update forebay.ingestion_handoffs as j
        set not_before = d.next_at + make_interval(
            -- When the rate would reach it; a job that waits for others to finish is considered again in a second.
            secs => least(60, case
                when p.key_rate_limit is null then 1
                else (d.rank_in_key - greatest(0, d.num_allowed)) / p.key_rate_limit
            end))
        from judged as d
        where j.reference_id = d.reference_id and j.pipeline_id = d.of_pipeline and not d.is_allowed
    )
    select coalesce(array_agg(d.reference_id order by d.ord), '{}') into allowed
    from (select f.reference_id, f.ord from judged as f where f.is_allowed order by f.ord limit wanted) as d;
    return allowed;
end $$;

-- Takes the tokens of a claim out of the buckets of its pipeline and keys.
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
        cross join lateral (
            select f.* from forebay.ingestion_handoffs as f
            where f.reference_id = d.reference_id and f.pipeline_id = p.pipeline_id
            offset 0
        ) as j
        where j.limit_key is not null
        group by j.limit_key
    )
    update forebay.ingestion_limits as l
    set tokens = forebay_private.tokens(l, u.rate) - u.num_used, refilled_at = clock_timestamp()
    from used as u
    where l.pipeline_id = p.pipeline_id and l.limit_key = u.limit_key and u.rate is not null;
end;

-- Only roles that work with Forebay's tables need these functions. Every migration that adds one ends like this.
revoke all on all functions in schema forebay_private from public;
