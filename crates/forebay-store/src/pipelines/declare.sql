-- The condition keeps a declaration that changes nothing from writing anything.
insert into forebay.pipelines as p (name, source_name, handler, config, enabled)
values ($1, $2, $3, $4, $5)
on conflict (name) do update
set source_name = excluded.source_name,
    handler = excluded.handler,
    config = excluded.config,
    enabled = excluded.enabled,
    updated_at = now()
where (p.source_name, p.handler, p.config, p.enabled)
    is distinct from (excluded.source_name, excluded.handler, excluded.config, excluded.enabled)
