select
    r.reference_id,
    r.record_key,
    f.path,
    f.size,
    decode(f.content_hash, 'hex') as content_hash,
    decode(f.text_hash, 'hex') as text_hash,
    case when f.has_id then f.lesson_id end as lesson_id,
    f.module,
    f.lesson,
    r.record_key not like 'lesson/%' or l.content_hash = decode(f.content_hash, 'hex') as is_projected
from forebay."references" as r
-- Unlike "->>", this decompresses a payload once.
cross join lateral jsonb_to_record(r.payload) as f (
    path text, size bigint, content_hash text, text_hash text, has_id boolean, lesson_id text, module int, lesson int)
left join forebay.course_lessons as l on l.reference_id = r.reference_id
where r.source_id = $1 and r.removed_at is null
order by f.path collate "C"
