-- Deletes one portion of the rows past their retention: outcomes that a newer hand-off of the same reference has
-- replaced, and failed attempts. The last hand-off of each reference in each pipeline is kept. $1: the retention in
-- seconds. $2: the size of a portion; null: all. $3: whether to delete them, or only to count them.
with
old as materialized (
    select o.reference_id, o.pipeline_id, o.payload_hash
    from forebay.ingestion_outcomes as o
    where o.finished_at < now() - make_interval(secs => $1)
        and (
            exists (
                select from forebay.ingestion_outcomes as n
                where n.reference_id = o.reference_id and n.pipeline_id = o.pipeline_id and n.version > o.version)
            or exists (
                select from forebay.ingestion_handoffs as n
                where n.reference_id = o.reference_id and n.pipeline_id = o.pipeline_id and n.version > o.version))
    limit $2
),
outcomes as (
    delete from forebay.ingestion_outcomes as o
    using old as d
    where $3 and o.reference_id = d.reference_id and o.pipeline_id = d.pipeline_id and o.payload_hash = d.payload_hash
),
failed as materialized (
    select f.ctid as place
    from forebay.ingestion_attempts as f
    where f.failed_at < now() - make_interval(secs => $1)
        -- The failed attempts of an open hand-off are still counted.
        and not exists (
            select from forebay.ingestion_handoffs as h
            where h.reference_id = f.reference_id and h.pipeline_id = f.pipeline_id)
    limit $2
),
attempts as (
    delete from forebay.ingestion_attempts as a
    where $3 and a.ctid = any (array(select f.place from failed as f))
),
-- Buckets unused for a day are full, so their rows are redundant.
full_buckets as materialized (
    select l.ctid as place
    from forebay.ingestion_limits as l
    where l.limit_key <> '' and l.refilled_at < now() - interval '1 day' and coalesce(l.paused_until, 'epoch') < now()
),
buckets as (
    delete from forebay.ingestion_limits as l
    where $3 and l.ctid = any (array(select f.place from full_buckets as f))
)
select (select count(*) from old) + (select count(*) from failed) + (select count(*) from full_buckets) as num_expired
