update forebay.content_pieces as c
set title = n.title,
    keywords = n.keywords,
    piece_type = n.piece_type,
    persona_mind_id = n.persona_mind_id,
    updated_at = now()
from (
    select
        coalesce(r.payload ->> 'title', p.title) as title,
        case when jsonb_typeof(r.payload -> 'keywords') = 'array'
            then array(select jsonb_array_elements_text(r.payload -> 'keywords')) else p.keywords end as keywords,
        coalesce(r.payload ->> 'piece_type', 'course') as piece_type,
        r.payload ->> 'persona_mind_id' as persona_mind_id
    from forebay.content_pieces as p
    join forebay."references" as r on r.reference_id = forebay.reference_id($2, 'curriculum')
    where p.piece_id = $1 and r.removed_at is null
) as n
where c.piece_id = $1
    and (c.title, c.keywords, c.piece_type, c.persona_mind_id)
        is distinct from (n.title, n.keywords, n.piece_type, n.persona_mind_id)
