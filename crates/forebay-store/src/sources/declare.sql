-- The condition prevents unchanged declarations from writing. A source keeps its owner.
insert into forebay.sources as s (name, entity_type, key_fields, policy, project, is_published)
values ($1, $2, $3, $4, $5, coalesce($6, false))
on conflict (name) do update
set entity_type = excluded.entity_type,
    key_fields = excluded.key_fields,
    policy = excluded.policy,
    project = coalesce(s.project, excluded.project),
    is_published = coalesce($6, s.is_published),
    parser_version = s.parser_version + (
        (s.key_fields, s.policy -> 'rules') is distinct from (excluded.key_fields, excluded.policy -> 'rules'))::int,
    updated_at = now()
where (s.entity_type, s.key_fields, s.policy, s.project, s.is_published)
    is distinct from (excluded.entity_type, excluded.key_fields, excluded.policy, coalesce(s.project, excluded.project),
        coalesce($6, s.is_published))
