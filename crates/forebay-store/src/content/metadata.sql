with files as (
    select r.record_key, r.payload
    from unnest(array['brief', 'outline', 'curriculum']) as k (record_key)
    join forebay."references" as r on r.reference_id = forebay.reference_id($2, k.record_key)
    where r.removed_at is null
), columns as (
    select
        max(f.payload ->> 'content') filter (where f.record_key = 'brief') as brief,
        max(f.payload ->> 'icp') filter (where f.record_key = 'brief') as icp,
        max(f.payload ->> 'voice_profile') filter (where f.record_key = 'brief') as voice_profile,
        max(f.payload ->> 'content') filter (where f.record_key = 'outline') as outline,
        (array_agg(f.payload) filter (where f.record_key = 'curriculum'))[1] as curriculum
    from files as f
), approval as (
    select a.approved_at, a.approved_by, a.content_hash
    from forebay.curriculum_approvals as a
    where a.piece_id = $1
    order by a.approved_at desc
    limit 1
)
select
    $1::bigint as piece_id,
    coalesce((c.curriculum ->> 'total_modules')::int, 0) as total_modules,
    coalesce((c.curriculum ->> 'total_lessons')::int, 0) as total_lessons,
    c.brief,
    c.outline,
    c.curriculum -> 'curriculum' as curriculum,
    c.icp,
    array(select jsonb_array_elements_text(c.curriculum -> 'objectives')) as objectives,
    c.voice_profile,
    c.curriculum ->> 'framework' as framework,
    c.curriculum ->> 'course_type' as course_type,
    c.curriculum ->> 'level' as level,
    a.approved_at,
    a.approved_by,
    a.content_hash as approved_hash
from columns as c
left join approval as a on true
-- A course that had a file keeps its row, so own tables follow the removal.
where exists (select from files)
    or exists (select from forebay.course_metadata as m where m.piece_id = $1)
