select
    r.reference_id, $1::bigint as piece_id, f.module as module_number, f.lesson as lesson_number, f.word_count,
    f.lesson_id, f.slug, f.title, f.content, f.bloom_level, coalesce(f.objectives, '{}') as objectives,
    coalesce(f.key_concepts, '{}') as key_concepts, f.path as file_path,
    decode(f.content_hash, 'hex') as content_hash
from forebay."references" as r
-- Unlike "->>", this decompresses a payload once.
cross join lateral jsonb_to_record(r.payload) as f (
    module int, lesson int, word_count int, lesson_id text, slug text, title text, content text,
    bloom_level text, objectives text[], key_concepts text[], path text, content_hash text)
where r.removed_at is null and r.record_key like 'lesson/%'
