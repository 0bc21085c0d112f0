select
    p.piece_id, p.project, p.piece_slug, p.piece_type, p.title, p.persona_mind_id, p.source_id, p.keywords, p.layout,
    p.status, p.voice_fidelity_score,
    coalesce(l.num_lessons, 0) as num_lessons,
    coalesce(l.num_passed, 0) as num_passed,
    coalesce(l.num_words, 0) as num_words,
    case when m.approved_hash is not null then
        m.approved_hash = decode(r.payload ->> 'content_hash', 'hex') end as is_approved
from forebay.content_pieces as p
left join forebay.course_metadata as m on m.piece_id = p.piece_id
left join forebay.sources as s on s.source_id = p.source_id
left join forebay."references" as r
    on r.reference_id = forebay.reference_id(s.name, 'curriculum') and r.removed_at is null
left join lateral (
    select
        count(*) as num_lessons,
        count(*) filter (where l.validation_status = 'passed') as num_passed,
        sum(l.word_count)::bigint as num_words
    from forebay.course_lessons as l
    where l.piece_id = p.piece_id
) as l on true
where p.project = $1
order by p.piece_slug collate "C"
