with known as (
    select p.piece_id, p.source_id, p.own_tables
    from forebay.content_pieces as p
    where p.project = $1 and p.piece_slug = $2
), current as (
    select k.piece_id
    from known as k
    where k.source_id = $4 and ($5::jsonb is null or k.own_tables is not distinct from nullif($5, '{}'))
), written as (
    insert into forebay.content_pieces as p (project, piece_slug, title, source_id, own_tables)
    select $1, $2, $3, $4, nullif($5, '{}')
    where not exists (select from current)
    on conflict (project, piece_slug) do update
    set source_id = excluded.source_id,
        own_tables = case when $5 is null then p.own_tables else excluded.own_tables end,
        updated_at = now()
    returning p.piece_id
)
select w.piece_id, true as is_changed from written as w
union all
select c.piece_id, false from current as c
