-- Reads the fields to display for found chunks. Snippets are slow, because they need the whole text.
select r.reference_id, s.name as source, r.entity_type, r.record_key, c.title, c.heading, c.chunk_id, c.ordinal, c.content,
    p.name as pipeline,
    -- Words that occur only in the title or headings are highlighted there. A hit by meaning has no highlights.
    case when position('«' in h.of_content) > 0 then h.of_content
        when position('«' in t.of_all) > 0 then t.of_all
        when length(c.content) > 200 then left(c.content, 200) || ' …'
        else c.content
    end as snippet,
    f.ord::int4 - 1 as index
from unnest($2::uuid[], $3::int4[], $4::uuid[]) with ordinality as f (reference_id, pipeline_id, chunk_id, ord)
join forebay.document_chunks as c using (reference_id, pipeline_id, chunk_id)
join forebay."references" as r using (reference_id)
join forebay.sources as s using (source_id)
join forebay.pipelines as p using (pipeline_id)
cross join lateral (
    select n.config, websearch_to_tsquery(n.config, $1) as query,
        'StartSel=«, StopSel=», MaxFragments=2, MinWords=5, MaxWords=20, FragmentDelimiter=" … "' as options
    from (select quote_ident(c.language)::regconfig as config) as n
    offset 0
) as q
cross join lateral (select ts_headline(q.config, c.content, q.query, q.options) as of_content offset 0) as h
left join lateral (
    select ts_headline(q.config, concat_ws(E'\n', c.title, nullif(c.heading, ''), c.content), q.query, q.options) as of_all
    offset 0
) as t on position('«' in h.of_content) = 0
where r.removed_at is null
order by f.ord
