-- The references of a source after a given id that have these values in these fields of their payload.
with
-- Ids only at first: payloads are read just for the page.
page as (
    select r.reference_id
    from forebay."references" as r
    where r.source_id = $1 and r.reference_id > $2
        and ($3::text is null or r.scope = $3)
        and (r.removed_at is not null) = $4
        and ($5::text is null or r.payload @@ $5::jsonpath)
    order by r.reference_id
    limit $6
)
select r.reference_id, s.name as source, r.entity_type, r.scope, r.record_key, r.version, r.version_hash,
    r.first_seen_at, r.changed_at, r.removed_at, r.first_seen_run_id, r.scrape_run_id, r.payload::text, r.lineage::text
from page as p
join forebay."references" as r using (reference_id)
join forebay.sources as s using (source_id)
order by r.reference_id
