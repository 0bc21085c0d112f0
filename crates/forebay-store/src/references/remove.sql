-- Turns references into tombstones, with revisions. References written after the run observed the source are left
-- unchanged.
with
gone as materialized (
    select g.reference_id from unnest($3::uuid[]) as g (reference_id)
),
removed as (
    update forebay."references" as r
    set removed_at = $2, changed_at = $2, observed_at = $2, scrape_run_id = $1,
        -- A partial record that comes later doesn't build on a record that said that it is gone.
        lineage = case when $5 then r.lineage || '{"flagged": true}' else r.lineage end
    from gone as g
    where r.reference_id = g.reference_id and r.removed_at is null and r.observed_at <= $2
    returning r.reference_id, r.version, r.version_hash
),
history as (
    insert into forebay.reference_revisions
        (reference_id, changed_at, scrape_run_id, version, change, field_name, old_value, new_value)
    select m.reference_id, $2, $1, m.version, 'removed', 'removed_at', null, to_jsonb($4::text)
    from removed as m
)
select m.reference_id, m.version, m.version_hash
from removed as m
order by m.reference_id
