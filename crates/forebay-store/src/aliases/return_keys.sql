-- Additions under keys that missing references used to have become changes of these references. Of several such keys,
-- the last one returns. The ids of the additions become aliases only when the changes are applied.
with
missing as (
    select c.reference_id, k.record_key, k.ord
    from forebay.scrape_run_changes as c
    join forebay."references" as r using (reference_id)
    cross join lateral jsonb_array_elements_text(r.lineage -> 'previous_keys') with ordinality as k (record_key, ord)
    where c.run_id = $1 and c.change = 'removed'
),
additions as (
    select c.reference_id, c.record_key
    from forebay.scrape_run_changes as c
    where c.run_id = $1 and c.change = 'seen'
        and not exists (select from forebay."references" as r where r.reference_id = c.reference_id)
),
by_reference as (
    select distinct on (m.reference_id) m.reference_id, a.reference_id as alias_id, a.record_key, m.ord
    from missing as m
    join additions as a using (record_key)
    order by m.reference_id, m.ord desc
),
pairs as materialized (
    select distinct on (alias_id) reference_id, alias_id, record_key
    from by_reference
    order by alias_id, ord desc, reference_id
),
replaced as (
    delete from forebay.scrape_run_changes as c
    using pairs as p
    where c.run_id = $1 and c.reference_id = p.alias_id
    returning p.reference_id, p.alias_id, c.change, c.version_hash, c.line, c.fetched_at, c.url, c.record_key, c.payload, c.base_version
)
update forebay.scrape_run_changes as c
set change = p.change, version_hash = p.version_hash, line = p.line, fetched_at = p.fetched_at, url = p.url,
    record_key = p.record_key, payload = p.payload, base_version = p.base_version, alias_id = p.alias_id,
    missing_since = null, num_missing_runs = null
from replaced as p
where c.run_id = $1 and c.reference_id = p.reference_id
