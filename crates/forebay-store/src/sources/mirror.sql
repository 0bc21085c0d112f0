-- Unchanged sources are neither written nor locked. Key fields, entity type and policy of existing sources are not
-- changed: their runs declare them, after checking the stored data.
with
-- The declared sources.
declared as materialized (
    select d.name, d.entity_type, d.key_fields, d.policy, d.kind, d.settings, d.enabled, d.fallback, d.project
    from jsonb_to_recordset($1) as d (name text, entity_type text, key_fields text[], policy jsonb, kind text,
        settings jsonb, enabled boolean, fallback text[], project text)
),
-- The new and changed sources. One that another project declared differently keeps that declaration.
different as materialized (
    select d.*, case when s.project <> d.project and not $2 then s.project end as owner
    from declared as d
    left join forebay.sources as s on s.name = d.name
    where s.name is null or s.declared_at is null
        or (s.kind, s.settings, s.enabled, s.fallback) is distinct from (d.kind, d.settings, d.enabled, d.fallback)
        or (s.project is null and d.project is not null)
        or ($2 and s.project is distinct from coalesce(d.project, s.project))
),
-- A different reading makes stored pages obsolete. The source may have been added concurrently.
written as (
    insert into forebay.sources as s
        (name, entity_type, key_fields, policy, kind, settings, enabled, fallback, project, declared_at)
    select n.name, n.entity_type, n.key_fields, n.policy, n.kind, n.settings, n.enabled, n.fallback, n.project, now()
    from different as n
    where n.owner is null
    on conflict (name) do update
    set kind = excluded.kind,
        settings = excluded.settings,
        enabled = excluded.enabled,
        fallback = excluded.fallback,
        project = coalesce(excluded.project, s.project),
        parser_version = s.parser_version + (
            s.settings -> 'reading_hash' is distinct from excluded.settings -> 'reading_hash')::int,
        declared_at = now(),
        updated_at = now()
    returning s.name
)
select name, null::text as owner from written
union all
select name, owner from different where owner is not null
order by 1
