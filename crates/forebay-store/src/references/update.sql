-- Writes new versions and restorations. The old version and removal in the condition make it optimistic: if another
-- run has changed a reference since it was read, fewer rows are updated than were sent, and the caller retries the
-- batch.
with
changed as materialized (
    select * from unnest($1::uuid[], $2::int4[], $3::timestamptz[], $4::int4[], $5::bytea[], $6::text[], $7::int8[],
            $8::text[], $9::timestamptz[])
        as c (reference_id, old_version, old_removed_at, version, version_hash, payload, line, url, fetched_at)
)
update forebay."references" as r
set payload = c.payload::jsonb,
    version_hash = c.version_hash,
    version = c.version,
    removed_at = null,
    changed_at = $10,
    observed_at = $10,
    scrape_run_id = $11,
    scope = $12,
    entity_type = $13,
    -- What a row of a user's table contained is replaced; another such row is marked afterwards.
    contract_version = 1,
    -- Previous keys are kept; the other entries describe the origin of this version.
    lineage = jsonb_strip_nulls(jsonb_build_object(
        'line', c.line, 'url', c.url, 'fetched_at', c.fetched_at, 'previous_keys', r.lineage -> 'previous_keys'))
from changed as c
where r.reference_id = c.reference_id
    and r.version = c.old_version
    and r.removed_at is not distinct from c.old_removed_at
