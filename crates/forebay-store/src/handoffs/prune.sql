-- Deletes one portion of the rows past their retention: ended hand-offs that a newer hand-off of the same reference
-- has replaced, and failed attempts. The last hand-off of each reference in each pipeline is kept.
with
old as materialized (
    select h.reference_id, h.pipeline_id, h.payload_hash
    from forebay.ingestion_handoffs as h
    where h.finished_at < now() - make_interval(secs => $1)
        and h.state in ('succeeded', 'superseded', 'cancelled', 'failed')
        and exists (
            select from forebay.ingestion_handoffs as n
            where n.reference_id = h.reference_id and n.pipeline_id = h.pipeline_id and n.version > h.version)
    limit $2
),
handoffs as (
    delete from forebay.ingestion_handoffs as h
    using old as o
    where h.reference_id = o.reference_id
        and h.pipeline_id = o.pipeline_id
        and h.payload_hash = o.payload_hash
        and h.state in ('succeeded', 'superseded', 'cancelled', 'failed')
    returning 1
),
attempts as (
    delete from forebay.ingestion_attempts as a
    where a.ctid = any (array(
        select f.ctid from forebay.ingestion_attempts as f
        where f.failed_at < now() - make_interval(secs => $1)
            -- The failed attempts of an unfinished hand-off are still counted.
            and not exists (
                select from forebay.ingestion_jobs as j
                where j.reference_id = f.reference_id and j.pipeline_id = f.pipeline_id)
        limit $2))
    returning 1
),
-- Buckets unused for a day are full, so their rows are redundant.
buckets as (
    delete from forebay.ingestion_limits as l
    where l.limit_key <> '' and l.refilled_at < now() - interval '1 day' and coalesce(l.paused_until, 'epoch') < now()
    returning 1
)
select (select count(*) from handoffs) + (select count(*) from attempts) + (select count(*) from buckets) as num_deleted
