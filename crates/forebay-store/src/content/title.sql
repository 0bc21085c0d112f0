select
    p.piece_id,
    coalesce(r.payload ->> 'title', p.title) as title,
    case when jsonb_typeof(r.payload -> 'keywords') = 'array'
        then array(select jsonb_array_elements_text(r.payload -> 'keywords')) else p.keywords end as keywords,
    coalesce(r.payload ->> 'piece_type', 'course') as piece_type,
    r.payload ->> 'persona_mind_id' as persona_mind_id
from forebay.content_pieces as p
join forebay."references" as r on r.reference_id = forebay.reference_id($2, 'curriculum')
where p.piece_id = $1 and r.removed_at is null
