with known as (
    select p.piece_id, p.source_id
    from forebay.content_pieces as p
    where p.project = $1 and p.piece_slug = $2
), written as (
    insert into forebay.content_pieces as p (project, piece_slug, title, source_id)
    select $1, $2, $3, $4
    where not exists (select from known as k where k.source_id = $4)
    on conflict (project, piece_slug) do update set source_id = excluded.source_id, updated_at = now()
    returning p.piece_id
)
select w.piece_id from written as w
union all
select k.piece_id from known as k where k.source_id = $4
