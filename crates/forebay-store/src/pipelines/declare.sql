with
-- The project whose different declaration is kept. Null: none, or this one takes over.
kept as materialized (
    select p.project as owner
    from forebay.pipelines as p
    where p.name = $1 and p.project <> $15 and not $16
        and (p.source_name, p.entity_types, p.changed_fields, p.handler, p.config, p.retry, p.max_active, p.rate_limit,
                p.limit_key, p.limit_key_is_url, p.key_max_active, p.key_rate_limit, p.enabled, p.max_pause_seconds, p.worker_role)
            is distinct from ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $17, $20)
),
-- The condition prevents unchanged declarations from writing. An equal declaration leaves the owner.
written as (
    insert into forebay.pipelines as p (name, source_name, entity_types, changed_fields, handler, config, retry, max_active,
        rate_limit, limit_key, limit_key_is_url, key_max_active, key_rate_limit, enabled, project, repair_began_at, max_pause_seconds, effect,
        receiver, worker_role)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, case when $14 then now() end, $17, $18, $19, $20
    where not exists (select from kept)
    on conflict (name) do update
    set source_name = excluded.source_name,
        entity_types = excluded.entity_types,
        changed_fields = excluded.changed_fields,
        handler = excluded.handler,
        config = excluded.config,
        effect = excluded.effect,
        receiver = excluded.receiver,
        retry = excluded.retry,
        max_active = excluded.max_active,
        rate_limit = excluded.rate_limit,
        limit_key = excluded.limit_key,
        limit_key_is_url = excluded.limit_key_is_url,
        key_max_active = excluded.key_max_active,
        key_rate_limit = excluded.key_rate_limit,
        enabled = excluded.enabled,
        max_pause_seconds = excluded.max_pause_seconds,
        worker_role = excluded.worker_role,
        project = coalesce(excluded.project, p.project),
        -- Content that was sent or written in another form has to be handed off again.
        configured_at = case
            when (p.handler, p.effect) is distinct from (excluded.handler, excluded.effect) then now()
            else p.configured_at
        end,
        -- Another receiver may accept what the former one refused.
        receiver_changed_at = case
            when p.receiver is distinct from excluded.receiver then now()
            else p.receiver_changed_at
        end,
        updated_at = now(),
        -- Set back once its missing references are handed off. If a kill prevents that, the next declaration does it.
        repair_began_at = excluded.repair_began_at
    where (p.source_name, p.entity_types, p.changed_fields, p.handler, p.config, p.effect, p.receiver, p.retry, p.max_active,
            p.rate_limit, p.limit_key, p.limit_key_is_url, p.key_max_active, p.key_rate_limit, p.enabled, p.max_pause_seconds, p.worker_role)
        is distinct from (excluded.source_name, excluded.entity_types, excluded.changed_fields, excluded.handler,
            excluded.config, excluded.effect, excluded.receiver, excluded.retry, excluded.max_active, excluded.rate_limit, excluded.limit_key,
            excluded.limit_key_is_url, excluded.key_max_active, excluded.key_rate_limit, excluded.enabled,
            excluded.max_pause_seconds, excluded.worker_role)
        or (p.project is null and excluded.project is not null)
        or ($16 and p.project is distinct from coalesce(excluded.project, p.project))
    returning 1
)
select
    exists (select from written)
    or exists (
        select from forebay.pipelines as p
        where p.name = $1 and p.repair_began_at is not null and not exists (select from kept)
    ) as is_written,
    (select owner from kept) as owner
