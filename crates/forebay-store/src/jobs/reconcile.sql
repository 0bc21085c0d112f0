-- Hands off one page of references that a pipeline has never been given, because they are older than it. The share
-- lock keeps a reference at the version that is handed off until this is committed.
with
page as materialized (
    select r.reference_id, r.version, r.version_hash
    from forebay."references" as r
    join forebay.sources as s using (source_id)
    where r.reference_id > $2 and r.removed_at is null and (s.name = $3 or $3 is null)
    order by r.reference_id
    limit $4
    for share of r
),
queued as (
    insert into forebay.ingestion_handoffs
        (reference_id, pipeline_id, payload_hash, version, state, change, reason_code)
    select p.reference_id, $1, p.version_hash, p.version, 'pending', 'added', 'reconciled'
    from page as p
    where not exists (
        select from forebay.ingestion_handoffs as h
        where h.reference_id = p.reference_id and h.pipeline_id = $1)
    on conflict do nothing
    returning reference_id, payload_hash
),
job as (
    insert into forebay.ingestion_jobs (pipeline_id, reference_id, payload_hash, change)
    select $1, q.reference_id, q.payload_hash, 'added'
    from queued as q
    on conflict do nothing
)
select (select p.reference_id from page as p order by p.reference_id desc limit 1), (select count(*) from queued)
