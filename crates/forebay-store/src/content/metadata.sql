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
)
insert into forebay.course_metadata as m (
    piece_id, total_modules, total_lessons, brief, outline, curriculum, icp, objectives, voice_profile, framework,
    course_type, level)
select
    $1,
    coalesce((c.curriculum ->> 'total_modules')::int, 0),
    coalesce((c.curriculum ->> 'total_lessons')::int, 0),
    c.brief,
    c.outline,
    c.curriculum -> 'curriculum',
    c.icp,
    array(select jsonb_array_elements_text(c.curriculum -> 'objectives')),
    c.voice_profile,
    c.curriculum ->> 'framework',
    c.curriculum ->> 'course_type',
    c.curriculum ->> 'level'
from columns as c
on conflict (piece_id) do update
set total_modules = excluded.total_modules,
    total_lessons = excluded.total_lessons,
    brief = excluded.brief,
    outline = excluded.outline,
    curriculum = excluded.curriculum,
    icp = excluded.icp,
    objectives = excluded.objectives,
    voice_profile = excluded.voice_profile,
    framework = excluded.framework,
    course_type = excluded.course_type,
    level = excluded.level,
    updated_at = now()
where (m.total_modules, m.total_lessons, m.brief, m.outline, m.curriculum, m.icp, m.objectives, m.voice_profile,
        m.framework, m.course_type, m.level)
    is distinct from (excluded.total_modules, excluded.total_lessons, excluded.brief, excluded.outline,
        excluded.curriculum, excluded.icp, excluded.objectives, excluded.voice_profile, excluded.framework,
        excluded.course_type, excluded.level)
