-- The aliases of references that can move back from the keys to which a run moved them. Those that a later run has
-- written or moved again, and those whose old key another record has now, keep their keys.
select a.alias_id, a.reference_id
from forebay.reference_aliases as a
join forebay."references" as r using (reference_id)
where a.run_id = $1 and r.record_key = a.record_key and r.scrape_run_id <= $1
    and not exists (
        select from forebay."references" as o
        where o.source_id = r.source_id and o.record_key = r.lineage #>> '{previous_keys,-1}'
            and o.reference_id <> r.reference_id
    )
