-- Takes hand-offs for work whose effect is in this database. Row locks hold them until the transaction ends, and
-- nothing is written, so a worker that dies leaves them unchanged. Each part of the queue gives the same share and is
-- read from its cursor: the entries before it are settled, and remain in the index while an old snapshot prevents
-- vacuum from removing them. What another transaction has locked is skipped.
select g.ord::int4 - 1 as part, h.not_before, h.reference_id, h.payload_hash, h.generation, h.change,
    h.attempt + 1 as attempt
from unnest($2::int2[], $3::int4[], $4::timestamptz[], $5::uuid[])
    with ordinality as g (priority, source_id, after_time, after_id, ord)
cross join lateral (
    select f.reference_id, f.not_before, f.payload_hash, f.generation, f.change, f.attempt
    from forebay.ingestion_handoffs as f
    where f.pipeline_id = $1
        and f.priority = g.priority
        and f.source_id = g.source_id
        and (f.not_before, f.reference_id) > (g.after_time, g.after_id)
        and f.not_before <= now()
        and f.receipt is null
        and f.state <> 'held'
        and exists (
            select from forebay.pipelines as p
            where p.pipeline_id = $1 and p.enabled and p.disabled_at is null)
        and not exists (
            select from forebay.ingestion_limits as l
            where l.pipeline_id = $1 and l.limit_key = '' and l.paused_until > now())
    order by f.not_before, f.reference_id
    limit $6
    for update skip locked
) as h
