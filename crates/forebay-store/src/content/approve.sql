with approved as (
    select
        r.payload ->> 'content' as curriculum,
        decode(r.payload ->> 'content_hash', 'hex') as content_hash
    from forebay."references" as r
    where r.reference_id = forebay.reference_id($2, 'curriculum') and r.removed_at is null
), kept as (
    insert into forebay.curriculum_approvals (piece_id, approved_by, curriculum, content_hash)
    select $1, $3, a.curriculum, a.content_hash
    from approved as a
    returning approved_at, approved_by, content_hash
)
update forebay.course_metadata as m
set approved_at = k.approved_at,
    approved_by = k.approved_by,
    approved_hash = k.content_hash,
    updated_at = now()
from kept as k
where m.piece_id = $1
returning k.approved_at, k.approved_by, k.content_hash
