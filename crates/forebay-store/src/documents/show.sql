-- What is shown of chunks that were found. Snippets are cut from the text itself, which is slow, so only for these.
select r.reference_id, s.name, r.entity_type, r.record_key, c.title, c.heading, c.chunk_id, c.ordinal, c.content, p.name,
    ts_headline(c.language, c.content, websearch_to_tsquery(c.language, $1),
        'StartSel=«, StopSel=», MaxFragments=2, MinWords=5, MaxWords=20, FragmentDelimiter=" … "'),
    f.ord::int4 - 1
from unnest($2::uuid[], $3::int4[], $4::uuid[]) with ordinality as f (reference_id, pipeline_id, chunk_id, ord)
join forebay.document_chunks as c using (reference_id, pipeline_id, chunk_id)
join forebay."references" as r using (reference_id)
join forebay.sources as s using (source_id)
join forebay.pipelines as p using (pipeline_id)
where r.removed_at is null
order by f.ord
