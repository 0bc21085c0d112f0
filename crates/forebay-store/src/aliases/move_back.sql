-- Moves references back from the keys to which a run moved them. Those that a later run has written or moved again, and
-- those whose old key another record has now, keep their keys.
with
freed as (
    delete from forebay.reference_aliases as a
    using forebay."references" as r
    where a.run_id = $1 and r.reference_id = a.reference_id and r.record_key = a.record_key and r.scrape_run_id <= $1
        and not exists (
            select from forebay."references" as o
            where o.source_id = r.source_id and o.record_key = r.lineage #>> '{previous_keys,-1}'
        )
    returning a.reference_id
)
update forebay."references" as r
set record_key = r.lineage #>> '{previous_keys,-1}',
    lineage = jsonb_set(r.lineage, '{previous_keys}', (r.lineage -> 'previous_keys') - (-1))
from freed as f
where r.reference_id = f.reference_id
