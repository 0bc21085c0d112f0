-- Updates the rows that differ, then inserts the missing ones. "on conflict" would compute the search vector, by far the
-- most expensive column, twice: for the row that it proposes and for the row that it writes.
with wanted as materialized (
    select
        r.reference_id, f.module as module_number, f.lesson as lesson_number, f.word_count, f.lesson_id, f.slug,
        f.title, f.content, f.bloom_level, coalesce(f.objectives, '{}') as objectives,
        coalesce(f.key_concepts, '{}') as key_concepts, f.path as file_path,
        decode(f.content_hash, 'hex') as content_hash
    from forebay."references" as r
    -- Unlike "->>", this decompresses a payload once.
    cross join lateral jsonb_to_record(r.payload) as f (
        module int, lesson int, word_count int, lesson_id text, slug text, title text, content text,
        bloom_level text, objectives text[], key_concepts text[], path text, content_hash text)
    where r.reference_id = any($2) and r.removed_at is null and r.record_key like 'lesson/%'
), updated as (
    update forebay.course_lessons as l
    set module_number = w.module_number,
        lesson_number = w.lesson_number,
        word_count = w.word_count,
        lesson_id = w.lesson_id,
        slug = w.slug,
        title = w.title,
        content = w.content,
        bloom_level = w.bloom_level,
        objectives = w.objectives,
        key_concepts = w.key_concepts,
        file_path = w.file_path,
        content_hash = w.content_hash,
        -- A score belongs to the text that was measured.
        gps_score = case when l.content_hash = w.content_hash then l.gps_score end,
        didatica_score = case when l.content_hash = w.content_hash then l.didatica_score end,
        validation_status = case when l.content_hash = w.content_hash then l.validation_status else 'pending' end,
        validation_issues = case when l.content_hash = w.content_hash then l.validation_issues else '[]' end,
        updated_at = now()
    from wanted as w
    where l.reference_id = w.reference_id
        and (l.module_number, l.lesson_number, l.word_count, l.lesson_id, l.slug, l.title, l.content, l.bloom_level,
            l.objectives, l.key_concepts, l.file_path, l.content_hash)
        is distinct from (w.module_number, w.lesson_number, w.word_count, w.lesson_id, w.slug, w.title, w.content,
            w.bloom_level, w.objectives, w.key_concepts, w.file_path, w.content_hash)
    returning 1
), inserted as (
    insert into forebay.course_lessons (
        reference_id, piece_id, module_number, lesson_number, word_count, lesson_id, slug, title, content,
        bloom_level, objectives, key_concepts, file_path, content_hash)
    select
        w.reference_id, $1, w.module_number, w.lesson_number, w.word_count, w.lesson_id, w.slug, w.title, w.content,
        w.bloom_level, w.objectives, w.key_concepts, w.file_path, w.content_hash
    from wanted as w
    where not exists (select from forebay.course_lessons as l where l.reference_id = w.reference_id)
    order by w.reference_id
    returning 1
)
select (select count(*) from updated) + (select count(*) from inserted) as num_written
