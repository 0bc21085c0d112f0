update forebay.content_pieces as c
set title = n.title,
    keywords = n.keywords,
    updated_at = now()
from (
    select
        coalesce(r.payload ->> 'title', p.title) as title,
        case when jsonb_typeof(r.payload -> 'keywords') = 'array'
            then array(select jsonb_array_elements_text(r.payload -> 'keywords')) else p.keywords end as keywords
    from forebay.content_pieces as p
    join forebay."references" as r on r.reference_id = forebay.reference_id($2, 'curriculum')
    where p.piece_id = $1 and r.removed_at is null
) as n
where c.piece_id = $1 and (c.title, c.keywords) is distinct from (n.title, n.keywords)
