select
    r.record_key,
    r.payload ->> 'path' as path,
    (r.payload ->> 'size')::bigint as size,
    decode(r.payload ->> 'content_hash', 'hex') as content_hash,
    decode(r.payload ->> 'text_hash', 'hex') as text_hash,
    case when (r.payload ->> 'has_id')::boolean then r.payload ->> 'lesson_id' end as lesson_id,
    (r.payload ->> 'module')::int as module,
    (r.payload ->> 'lesson')::int as lesson,
    r.record_key not like 'lesson/%' or l.content_hash = decode(r.payload ->> 'content_hash', 'hex') as is_projected
from forebay."references" as r
left join forebay.course_lessons as l on l.reference_id = r.reference_id
where r.source_id = $1 and r.removed_at is null
order by r.payload ->> 'path' collate "C"
