with asked as (
    select websearch_to_tsquery('pg_catalog.simple', forebay.fold_text($1, 10000)) as query
)
select
    p.piece_slug, p.title as course_title, l.lesson_id, l.module_number, l.lesson_number, l.title,
    l.file_path, l.content, ts_rank(l.search, a.query) as rank
from asked as a
join forebay.course_lessons as l on l.search @@ a.query
join forebay.content_pieces as p on p.piece_id = l.piece_id
where p.project = $2
    and ($3::text is null or p.piece_slug = $3)
    and ($4::text is null or p.persona_mind_id = $4)
    -- A keyword of the course, or a key concept of the lesson.
    and ($5::text is null or p.keywords @> array[$5] or l.key_concepts @> array[$5])
order by rank desc, p.piece_slug collate "C", l.module_number, l.lesson_number
limit $6
