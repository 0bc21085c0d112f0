-- A query means something else in each language, so it is asked once in each that a pipeline indexes in.
with
languages as materialized (
    select distinct coalesce(p.config ->> 'language', 'simple')::regconfig as language
    from forebay.pipelines as p
    where p.handler = 'documents'
),
asked as materialized (
    select l.language, websearch_to_tsquery(l.language, $1) as query
    from languages as l
),
-- A reference that several pipelines have indexed is found once, where it fits best.
found as (
    select distinct on (d.reference_id) d.reference_id, d.title, d.body, a.language, a.query,
        ts_rank_cd(d.search, a.query, 33) as rank
    from asked as a
    join forebay.documents as d on d.search @@ a.query
    order by d.reference_id, rank desc
),
best as (
    select f.*, s.name as source, r.entity_type, r.record_key
    from found as f
    join forebay."references" as r using (reference_id)
    join forebay.sources as s using (source_id)
    where r.removed_at is null and (s.name = $3 or $3 is null)
    order by f.rank desc, f.reference_id
    limit $2
)
-- Snippets are cut from the text itself, which is slow, so only for what is shown.
select b.reference_id, b.source, b.entity_type, b.record_key, b.title, b.rank,
    ts_headline(b.language, case when b.body = '' then b.title else b.body end, b.query,
        'StartSel=«, StopSel=», MaxFragments=2, MinWords=5, MaxWords=20, FragmentDelimiter=" … "')
from best as b
order by b.rank desc, b.reference_id
