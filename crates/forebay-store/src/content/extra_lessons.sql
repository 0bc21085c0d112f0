-- Rows of lessons that the course does not have.
select
    'forebay.course_lessons' as relation,
    l.reference_id,
    l.file_path as path,
    'extra' as state,
    '{}'::text[] as columns
from forebay.course_lessons as l
where l.piece_id = $1
    and not exists (
        select
        from forebay."references" as r
        where r.reference_id = l.reference_id
            and r.source_id = (select s.source_id from forebay.sources as s where s.name = $2)
            and r.removed_at is null
            and r.record_key like 'lesson/%'
    )
