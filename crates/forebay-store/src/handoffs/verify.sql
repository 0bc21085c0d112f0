-- Checks whether references are handed off to a pipeline as they should be. Answers in the order of the ids. Every
-- lookup uses a primary key ("lateral" with "offset 0").
with
asked as materialized (
    select d.ord, d.reference_id, r.version, r.version_hash, r.source_id,
        r.removed_at is not null as is_removed,
        p.changed_fields, p.configured_at,
        greatest(p.configured_at, p.receiver_changed_at) as receiver_changed_at,
        (p.source_name is null or p.source_name = s.name)
            and (p.entity_types = '{}' or r.entity_type = any (p.entity_types)) as is_wanted,
        -- The run that last wrote it ran without hand-offs, and the pipeline existed at that time.
        not u.with_handoffs and u.started_at >= p.configured_at as is_withheld
    from unnest($2::uuid[]) with ordinality as d (reference_id, ord)
    cross join lateral (
        select * from forebay."references" as f where f.reference_id = d.reference_id offset 0
    ) as r
    cross join lateral (select f.name from forebay.sources as f where f.source_id = r.source_id offset 0) as s
    cross join lateral (select * from forebay.pipelines as f where f.pipeline_id = $1 offset 0) as p
    left join lateral (
        select f.with_handoffs, f.started_at from forebay.scrape_runs as f where f.run_id = r.scrape_run_id offset 0
    ) as u on true
),
seen as materialized (
    select a.*, h.state, h.change, h.enqueued_at,
        l.version as last_version, l.state as last_state, l.change as last_change, l.enqueued_at as last_enqueued_at
    from asked as a
    -- The hand-off of its current content.
    left join lateral (
        select f.state, f.change, f.enqueued_at
        from forebay.handoffs as f
        where f.reference_id = a.reference_id and f.pipeline_id = $1 and f.payload_hash = a.version_hash
        offset 0
    ) as h on true
    -- The last hand-off, of any content.
    left join lateral (
        select f.version, f.state, f.change, f.enqueued_at
        from forebay.handoffs as f
        where f.reference_id = a.reference_id and f.pipeline_id = $1
        order by f.version desc, f.enqueued_at desc
        limit 1
    ) as l on true
),
-- If only fields changed that the pipeline ignores, the last hand-off still counts.
counted as materialized (
    select s.*,
        s.state is null and s.last_version is not null and s.changed_fields <> '{}' and not s.is_removed
            and not exists (
                select from forebay.reference_revisions as v
                where v.reference_id = s.reference_id
                    and v.version > s.last_version
                    and (v.change <> 'updated' or v.field_name = any (s.changed_fields))) as is_unread
    from seen as s
),
judged as (
    select c.ord, c.reference_id, c.version, c.version_hash, c.source_id, c.is_removed, c.last_version is not null as was_given,
        c.is_wanted, c.is_withheld, c.configured_at, c.receiver_changed_at,
        case when c.is_unread then c.last_state else c.state end as state,
        case when c.is_unread then c.last_change else c.change end as change,
        case when c.is_unread then c.last_enqueued_at else c.enqueued_at end as enqueued_at,
        c.is_unread
    from counted as c
)
select g.ord::int4 - 1 as index, g.version, g.version_hash, g.source_id, g.is_removed, g.was_given,
    case
        when not g.is_wanted then 'filtered'
        -- A removal is not handed off if the reference never was.
        when g.is_removed and not g.was_given then 'filtered'
        when g.state is null and g.is_withheld then 'withheld'
        when g.state is null then 'missing'
        -- A removal or restoration keeps the content, so the hand-off must be for that change.
        when g.is_removed <> (g.change = 'removed') then case when g.is_withheld then 'withheld' else 'missing' end
        when g.state in ('pending', 'retrying', 'active') then 'in_work'
        when g.state = 'held' then 'held'
        when g.state = 'failed' and g.enqueued_at < g.receiver_changed_at then 'outdated'
        when g.state = 'failed' then 'failed'
        when g.state = 'cancelled' then 'cancelled'
        when g.state = 'succeeded' and g.enqueued_at < g.configured_at then 'outdated'
        when g.state = 'succeeded' and g.is_unread then 'filtered'
        when g.state = 'succeeded' then 'succeeded'
        -- Superseded without newer content.
        else 'missing'
    end as standing
from judged as g
order by g.ord
