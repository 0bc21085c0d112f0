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
insert into forebay.market_research as m (
    piece_id, num_competitors, market_analysis, content_gaps, differentiation, sources, summary)
select $1, c.num_competitors, c.market_analysis, c.content_gaps, c.differentiation, c.sources, c.summary
from columns as c
on conflict (piece_id) do update
set num_competitors = excluded.num_competitors,
    market_analysis = excluded.market_analysis,
    content_gaps = excluded.content_gaps,
    differentiation = excluded.differentiation,
    sources = excluded.sources,
    summary = excluded.summary,
    updated_at = now()
where (m.num_competitors, m.market_analysis, m.content_gaps, m.differentiation, m.sources, m.summary)
    is distinct from (excluded.num_competitors, excluded.market_analysis, excluded.content_gaps,
        excluded.differentiation, excluded.sources, excluded.summary)
