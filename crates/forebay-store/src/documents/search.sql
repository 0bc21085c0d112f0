-- The best chunks that match a query, one per reference.
with recursive
-- The languages of indexed documents, with one index lookup for each.
languages as (
    (select d.language from forebay.documents as d order by d.language limit 1)
    union all
    select (select d.language from forebay.documents as d where d.language > l.language order by d.language limit 1)
    from languages as l
    where l.language is not null
),
-- A query is parsed differently in each language, so it runs once for each. Text in a language whose configuration was
-- dropped isn't found.
asked as materialized (
    select l.language, websearch_to_tsquery(t.oid::regconfig, $1) as query
    from languages as l
    join pg_ts_config as t on t.cfgname = l.language and pg_ts_config_is_visible(t.oid)
    where l.language = $7 or $7 is null
),
-- 33: ranks are divided by 1 + the logarithm of the length (1) and scaled to between 0 and 1 (32).
found as (
    select distinct on (c.reference_id) c.reference_id, c.pipeline_id, c.chunk_id,
        ts_rank_cd(c.search, a.query, 33) as rank
    from asked as a
    join forebay.document_chunks as c on c.search @@ a.query and c.language = a.language
    where c.pipeline_id = (select p.pipeline_id from forebay.pipelines as p where p.name = $8) or $8 is null
    order by c.reference_id, rank desc, c.ordinal, c.chunk_id, c.pipeline_id
)
select f.reference_id, f.pipeline_id, f.chunk_id, f.rank
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
