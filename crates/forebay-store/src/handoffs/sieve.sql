-- Tells the references in a range of ids whose state in a pipeline is plain (ingested or in work, as they are now) from
-- those that verify.sql must look at. Ranges of primary keys are read side by side, so it costs little for each
-- reference.
with
p as materialized (
    select f.configured_at, f.updated_at, f.entity_types, f.source_name,
        f.source_name is not null or f.entity_types <> '{}' as is_filtered
    from forebay.pipelines as f
    where f.pipeline_id = $1
),
seen as materialized (
    select r.reference_id, r.removed_at is not null as is_removed,
        case
            when not w.is_wanted then null
            when o.state = 'succeeded' and o.enqueued_at >= p.configured_at
                and (r.removed_at is not null) = (o.change = 'removed') then 'succeeded'
            when h.state <> 'held' and (r.removed_at is not null) = (h.change = 'removed') then 'in_work'
        end as standing
    from p
    cross join forebay."references" as r
    left join forebay.ingestion_outcomes as o
        on o.reference_id = r.reference_id and o.pipeline_id = $1 and o.payload_hash = r.version_hash
            and o.reference_id > $2 and o.reference_id <= $3
    left join forebay.ingestion_handoffs as h
        on h.reference_id = r.reference_id and h.pipeline_id = $1 and h.payload_hash = r.version_hash
            and h.reference_id > $2 and h.reference_id <= $3
    -- What a run handed off under the present filter is wanted. Only for the rest, the reference itself is read.
    left join lateral (
        select (p.source_name is null or p.source_name = s.name)
                and (p.entity_types = '{}' or f.entity_type = any (p.entity_types)) as is_wanted
        from forebay."references" as f
        join forebay.sources as s using (source_id)
        where p.is_filtered
            and f.reference_id = r.reference_id
            and (coalesce(o.enqueued_at, h.enqueued_at) < p.updated_at
                or coalesce(o.reason_code, h.reason_code) in ('requested', 'retried', 'released', 'snoozed'))
        offset 0
    ) as w on true
    where r.reference_id > $2 and r.reference_id <= $3
)
select count(*) filter (where s.standing = 'succeeded') as num_succeeded,
    count(*) filter (where s.standing = 'in_work') as num_in_work,
    coalesce(array_agg(s.reference_id) filter (where s.standing = 'succeeded' and not s.is_removed and $4), '{}') as ingested,
    coalesce(array_agg(s.reference_id) filter (where s.standing is null), '{}') as doubtful
from seen as s
