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
    select l.language, w.place, plainto_tsquery(t.oid::regconfig, w.word) as query,
        websearch_to_tsquery(t.oid::regconfig, $9) as binding
    from languages as l
    join pg_ts_config as t on t.cfgname = l.language and pg_ts_config_is_visible(t.oid)
    cross join unnest($1::text[]) with ordinality as w (word, place)
    where l.language = $7 or $7 is null
),
-- Reading stops after so many chunks that the word says little.
matches as materialized (
    select a.language, a.place, c.*
    from asked as a
    cross join lateral (
        select c.reference_id, c.pipeline_id, c.chunk_id, c.ordinal, ts_rank(c.search, a.query, 32) as rank
        from forebay.document_chunks as c
        where c.search @@ a.query
            and c.language = a.language
            and (c.search @@ a.binding or $9 is null)
            and (c.pipeline_id = (select p.pipeline_id from forebay.pipelines as p where p.name = $8) or $8 is null)
            -- Before the limit, because otherwise chunks that the filter leaves out would use it up.
            and (coalesce($3, $4, $5, $6) is null or exists (
                select from forebay."references" as r
                join forebay.sources as s using (source_id)
                where r.reference_id = c.reference_id
                    and (s.name = $3 or $3 is null)
                    and (r.entity_type = $4 or $4 is null)
                    and (r.scope = $5 or $5 is null)
                    and (r.payload @@ $6::jsonpath or $6 is null)))
        limit 10000
    ) as c
    where numnode(a.query) > 0
),
-- How many chunks there are: as last counted by Postgres, but at least those that were found.
total as (
    select greatest(p.reltuples, (select count(distinct (m.reference_id, m.pipeline_id, m.chunk_id)) from matches as m))::float8
        as num_chunks
    from pg_class as p
    where p.oid = 'forebay.document_chunks'::regclass
),
-- The weight of a word is its rarity: almost 0 for a word of every chunk, the most for one of none. Of a word for which
-- reading stopped, only a lower bound of its chunks is known, so it counts little.
words as materialized (
    select a.language, a.place,
        case when count(m.place) = 10000 then 0.1 else ln((1 + t.num_chunks) / greatest(count(m.place), 1)) end as weight
    from asked as a
    cross join total as t
    left join matches as m using (language, place)
    where numnode(a.query) > 0
    group by a.language, a.place, t.num_chunks
),
-- The rank is the share of the query's weight that a chunk contains. Where the words are decides between equals.
found as (
    select distinct on (m.reference_id) m.reference_id, m.pipeline_id, m.chunk_id,
        sum(w.weight * (1 + m.rank)) / (2 * q.weight) as rank
    from matches as m
    join words as w using (language, place)
    join (select w.language, sum(w.weight) as weight from words as w group by w.language) as q using (language)
    group by m.reference_id, m.pipeline_id, m.chunk_id, m.ordinal, q.weight
    order by m.reference_id, rank desc, m.ordinal, m.chunk_id, m.pipeline_id
)
select f.reference_id, f.pipeline_id, f.chunk_id, f.rank::float4 as rank
from found as f
join forebay."references" as r using (reference_id)
where r.removed_at is null
order by f.rank desc, f.reference_id
limit $2
