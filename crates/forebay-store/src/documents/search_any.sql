-- The best chunks that contain any of a query's words, one per reference: those with the rarest words first.
with recursive
languages as (
    (select d.language from forebay.documents as d order by d.language limit 1)
    union all
    select (select d.language from forebay.documents as d where d.language > l.language order by d.language limit 1)
    from languages as l
    where l.language is not null
),
asked as materialized (
    select l.language, w.place, plainto_tsquery(l.language, w.word) as query
    from languages as l
    cross join unnest($1::text[]) with ordinality as w (word, place)
    where l.language is not null and (l.language::text = $7 or $7 is null)
),
-- Reading stops after as many chunks as make a word so common that it says little.
matches as materialized (
    select a.language, a.place, c.*
    from asked as a
    cross join lateral (
        select c.reference_id, c.pipeline_id, c.chunk_id, c.ordinal, ts_rank(c.search, a.query, 32) as rank
        from forebay.document_chunks as c
        where c.search @@ a.query
            and c.language = a.language
            and (c.search @@ websearch_to_tsquery(c.language, $9) or $9 is null)
            and (c.pipeline_id = (select p.pipeline_id from forebay.pipelines as p where p.name = $8) or $8 is null)
        limit 10000
    ) as c
    where numnode(a.query) > 0
),
-- The weight of a word: how rare it is among the chunks that contain any of the words.
words as (
    select m.language, m.place, ln(1 + t.num_chunks / count(*)::float8) as weight
    from matches as m
    cross join (select count(distinct (m.reference_id, m.pipeline_id, m.chunk_id))::float8 as num_chunks from matches as m)
        as t
    group by m.language, m.place, t.num_chunks
),
found as (
    select distinct on (m.reference_id) m.reference_id, m.pipeline_id, m.chunk_id,
        sum(w.weight * (1 + m.rank)) as rank
    from matches as m
    join words as w using (language, place)
    group by m.reference_id, m.pipeline_id, m.chunk_id, m.ordinal
    order by m.reference_id, rank desc, m.ordinal, m.chunk_id, m.pipeline_id
)
select f.reference_id, f.pipeline_id, f.chunk_id, f.rank::float4 as rank
from found as f
join forebay."references" as r using (reference_id)
join forebay.sources as s using (source_id)
where r.removed_at is null
    and (s.name = $3 or $3 is null)
    and (r.entity_type = $4 or $4 is null)
    and (r.scope = $5 or $5 is null)
    and (r.payload @@ $6::jsonpath or $6 is null)
order by f.rank desc, f.reference_id
limit $2
