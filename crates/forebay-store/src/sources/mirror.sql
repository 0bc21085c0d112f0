-- Unchanged sources are neither written nor locked. Key fields, entity type and policy of existing sources are not
-- changed: their runs declare them, after checking the stored data.
with
-- The declared sources.
declared as materialized (
    select d.name, d.entity_type, d.key_fields, d.policy, d.kind, d.settings, d.enabled, d.fallback
    from jsonb_to_recordset($1) as d (name text, entity_type text, key_fields text[], policy jsonb, kind text,
        settings jsonb, enabled boolean, fallback text[])
),
-- The new and changed sources.
different as materialized (
    select d.*
    from declared as d
    left join forebay.sources as s on s.name = d.name
    where s.name is null or s.declared_at is null
        or (s.kind, s.settings, s.enabled, s.fallback) is distinct from (d.kind, d.settings, d.enabled, d.fallback)
),
-- A different reading makes stored pages obsolete. The source may have been added concurrently.
written as (
    insert into forebay.sources as s
        (name, entity_type, key_fields, policy, kind, settings, enabled, fallback, declared_at)
    select n.name, n.entity_type, n.key_fields, n.policy, n.kind, n.settings, n.enabled, n.fallback, now()
    from different as n
    on conflict (name) do update
    set kind = excluded.kind,
        settings = excluded.settings,
        enabled = excluded.enabled,
        fallback = excluded.fallback,
        parser_version = s.parser_version + (
            s.settings -> 'reading_hash' is distinct from excluded.settings -> 'reading_hash')::int,
        declared_at = now(),
        updated_at = now()
    returning s.name
),
-- Sources that are no longer declared with a kind. Their settings are kept, so declaring them again is no change.
left_out as (
    update forebay.sources as s
    set kind = null, declared_at = null, updated_at = now()
    where s.declared_at is not null and not exists (select from declared as d where d.name = s.name)
    returning s.name
)
select name, true as is_declared from written
union all
select name, false from left_out
order by 1
