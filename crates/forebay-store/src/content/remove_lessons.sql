delete from forebay.course_lessons as l
where l.piece_id = $1
    and l.reference_id = any($2)
    and not exists (
        -- Rows of references that the course does not have, too: somebody else inserted them.
        select
        from forebay."references" as r
        join forebay.content_pieces as p on p.source_id = r.source_id
        where r.reference_id = l.reference_id
            and p.piece_id = l.piece_id
            and r.removed_at is null
            and r.record_key like 'lesson/%'
    )
