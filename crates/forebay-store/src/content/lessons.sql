insert into forebay.course_lessons as l (
    reference_id, piece_id, module_number, lesson_number, word_count, lesson_id, slug, title, content, bloom_level,
    objectives, key_concepts, file_path, content_hash)
select
    r.reference_id,
    $1,
    (r.payload ->> 'module')::int,
    (r.payload ->> 'lesson')::int,
    (r.payload ->> 'word_count')::int,
    r.payload ->> 'lesson_id',
    r.payload ->> 'slug',
    r.payload ->> 'title',
    r.payload ->> 'content',
    r.payload ->> 'bloom_level',
    array(select jsonb_array_elements_text(r.payload -> 'objectives')),
    array(select jsonb_array_elements_text(r.payload -> 'key_concepts')),
    r.payload ->> 'path',
    decode(r.payload ->> 'content_hash', 'hex')
from forebay."references" as r
where r.reference_id = any($2) and r.removed_at is null and r.record_key like 'lesson/%'
order by r.reference_id
on conflict (reference_id) do update
set module_number = excluded.module_number,
    lesson_number = excluded.lesson_number,
    word_count = excluded.word_count,
    lesson_id = excluded.lesson_id,
    slug = excluded.slug,
    title = excluded.title,
    content = excluded.content,
    bloom_level = excluded.bloom_level,
    objectives = excluded.objectives,
    key_concepts = excluded.key_concepts,
    file_path = excluded.file_path,
    content_hash = excluded.content_hash,
    -- A score belongs to the text that was measured.
    gps_score = case when l.content_hash = excluded.content_hash then l.gps_score end,
    didatica_score = case when l.content_hash = excluded.content_hash then l.didatica_score end,
    validation_status = case when l.content_hash = excluded.content_hash then l.validation_status else 'pending' end,
    validation_issues = case when l.content_hash = excluded.content_hash then l.validation_issues else '[]' end,
    updated_at = now()
where (l.module_number, l.lesson_number, l.word_count, l.lesson_id, l.slug, l.title, l.content, l.bloom_level,
        l.objectives, l.key_concepts, l.file_path, l.content_hash)
    is distinct from (excluded.module_number, excluded.lesson_number, excluded.word_count, excluded.lesson_id,
        excluded.slug, excluded.title, excluded.content, excluded.bloom_level, excluded.objectives,
        excluded.key_concepts, excluded.file_path, excluded.content_hash)
