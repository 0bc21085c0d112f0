with before as (
    select r.reference_id, r.payload
    from forebay.source_at($1, $2) as r
), after as (
    select r.reference_id, r.payload
    from forebay.source_at($1, $3) as r
), pairs as (
    select
        b.payload ->> 'path' as path_before,
        a.payload ->> 'path' as path_after,
        b.payload as payload_before,
        a.payload as payload_after,
        (b.payload ->> 'content_hash') is not distinct from (a.payload ->> 'content_hash') as is_equal
    from before as b
    full join after as a on a.reference_id = b.reference_id
)
select
    p.path_before,
    p.path_after,
    p.is_equal,
    p.payload_before ->> 'text_hash' = p.payload_after ->> 'text_hash' and not p.is_equal as is_line_endings_only,
    -- Equal files are only counted.
    case when not p.is_equal then p.payload_before ->> 'content' end as content_before,
    case when not p.is_equal then p.payload_after ->> 'content' end as content_after
from pairs as p
order by coalesce(p.path_after, p.path_before) collate "C"
