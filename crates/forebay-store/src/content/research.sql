with reports as (
    select r.record_key, r.payload
    from unnest(array['market_analysis', 'content_gaps', 'differentiation', 'sources']) as k (kind)
    join forebay."references" as r on r.reference_id = forebay.reference_id($2, 'research/' || k.kind)
    where r.removed_at is null
), columns as (
    select
        max(p.payload ->> 'content') filter (where p.record_key = 'research/market_analysis') as market_analysis,
        max(p.payload ->> 'content') filter (where p.record_key = 'research/content_gaps') as content_gaps,
        max(p.payload ->> 'content') filter (where p.record_key = 'research/differentiation') as differentiation,
        max(p.payload ->> 'content') filter (where p.record_key = 'research/sources') as sources,
        max(p.payload ->> 'summary') filter (where p.record_key = 'research/market_analysis') as summary,
        max((p.payload ->> 'num_competitors')::int)
            filter (where p.record_key = 'research/market_analysis') as num_competitors
    from reports as p
)
select
    $1::bigint as piece_id, c.num_competitors, c.market_analysis, c.content_gaps, c.differentiation, c.sources, c.summary
from columns as c
-- A course that had a report keeps its row, so own tables follow the removal.
where exists (select from reports)
    or exists (select from forebay.market_research as m where m.piece_id = $1)
