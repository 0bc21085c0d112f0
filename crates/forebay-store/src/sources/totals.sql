-- The sources with their totals, by name. $1: all, or only this one. $2: counts stop there; null: at no number.
select s.source_id, s.name, s.entity_type, s.key_fields, s.policy, s.parser_version,
    -- The order makes it one step in an index; for `exists`, the planner may read the whole table.
    coalesce((
        select a.source_id from forebay.reference_aliases as a where a.source_id >= s.source_id order by a.source_id limit 1
    ) = s.source_id, false) as has_aliases,
    s.sends_end_line, s.kind, s.settings, s.enabled, s.is_published, s.fallback, s.project, s.declared_at,
    active.num_active, removed.num_removed, latest.last_run_at
from forebay.sources as s
cross join lateral (
    select count(*) as num_active
    from (
        select from forebay."references" as r where r.source_id = s.source_id and r.removed_at is null limit $2) as r
) as active
cross join lateral (
    select count(*) as num_removed
    from (
        select from forebay."references" as r where r.source_id = s.source_id and r.removed_at is not null limit $2) as r
) as removed
left join lateral (
    select r.ended_at as last_run_at
    from forebay.scrape_runs as r
    where r.source_id = s.source_id and r.ended_at is not null
    order by r.started_at desc
    limit 1
) as latest on true
where $1::int4 is null or s.source_id = $1
order by s.name
