select r.reference_id, s.name as source, r.entity_type, r.scope, r.record_key, r.version, r.version_hash,
    r.first_seen_at, r.changed_at, r.removed_at, r.first_seen_run_id, r.scrape_run_id, r.payload::text, r.lineage::text
from forebay."references" as r
join forebay.sources as s using (source_id)
-- Aliases take precedence, as they do when persisting.
where r.reference_id = coalesce(
    (select a.reference_id from forebay.reference_aliases as a where a.alias_id = $1), $1)
