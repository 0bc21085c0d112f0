select
    l.reference_id, l.lesson_id, l.slug, l.title, l.bloom_level, l.objectives, l.key_concepts, l.gps_score,
    l.didatica_score, l.validation_status, l.validation_issues, l.generation_seconds, l.generation_cost, l.num_retries,
    l.file_path, l.content_hash, l.updated_at,
    l.module_number::bigint as module_number,
    l.lesson_number::bigint as lesson_number,
    l.word_count::bigint as word_count,
    l.content
from forebay.course_lessons as l
where l.piece_id = $1
    and $2 in (l.file_path, l.lesson_id, concat_ws('.', l.module_number, l.lesson_number), l.slug)
order by
    array_position(array[l.file_path, l.lesson_id, concat_ws('.', l.module_number, l.lesson_number), l.slug], $2),
    l.module_number, l.lesson_number
limit 1
