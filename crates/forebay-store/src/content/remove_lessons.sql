delete from forebay.course_lessons as l
using forebay."references" as r
where l.piece_id = $1
    and l.reference_id = r.reference_id
    and r.reference_id = any($2)
    and r.removed_at is not null
