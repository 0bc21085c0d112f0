-- Deletes one portion of the rows past their retention: outcomes that a newer hand-off of the same reference has
-- replaced, and failed attempts. The last hand-off of each reference in each pipeline is kept.
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
    where o.reference_id = d.reference_id and o.pipeline_id = d.pipeline_id and o.payload_hash = d.payload_hash
    returning 1
),
attempts as (
    delete from forebay.ingestion_attempts as a
    where a.ctid = any (array(
        select f.ctid from forebay.ingestion_attempts as f
        where f.failed_at < now() - make_interval(secs => $1)
            -- The failed attempts of an open hand-off are still counted.
            and not exists (
                select from forebay.ingestion_handoffs as h
                where h.reference_id = f.reference_id and h.pipeline_id = f.pipeline_id)
        limit $2))
    returning 1
),
-- Buckets unused for a day are full, so their rows are redundant.
buckets as (
    delete from forebay.ingestion_limits as l
    where l.limit_key <> '' and l.refilled_at < now() - interval '1 day' and coalesce(l.paused_until, 'epoch') < now()
    returning 1
)
select (select count(*) from outcomes) + (select count(*) from attempts) + (select count(*) from buckets) as num_deleted
