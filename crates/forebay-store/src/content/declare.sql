with known as (
    select p.piece_id, p.source_id, p.own_tables, p.layout
    from forebay.content_pieces as p
    where p.project = $1 and p.piece_slug = $2
), current as (
    select k.piece_id, k.layout
    from known as k
    where k.source_id = $4 and (not $7 or k.layout is not distinct from $6)
        and ($5::jsonb is null or k.own_tables is not distinct from nullif($5, '{}'))
), written as (
    insert into forebay.content_pieces as p (project, piece_slug, title, source_id, own_tables, layout)
    select $1, $2, $3, $4, nullif($5, '{}'), $6
    where not exists (select from current)
    on conflict (project, piece_slug) do update
    set source_id = excluded.source_id,
        own_tables = case when $5 is null then p.own_tables else excluded.own_tables end,
        layout = case when $7 then excluded.layout else coalesce(p.layout, excluded.layout) end,
        updated_at = now()
    returning p.piece_id, p.layout
)
select w.layout, true as is_changed from written as w
union all
select c.layout, false from current as c
