-- Turns one batch of the references that a run has staged as removed into tombstones, with revisions. References
-- written after the run observed the source are left unchanged.
with
gone as materialized (
    select c.reference_id
    from forebay.scrape_run_changes as c
    where c.run_id = $1 and c.change = 'removed' and not c.is_withheld and c.reference_id > $3
    order by c.reference_id
    limit $4
),
removed as (
    update forebay."references" as r
    set removed_at = $2, changed_at = $2, observed_at = $2, scrape_run_id = $1
    from gone as g
    where r.reference_id = g.reference_id and r.removed_at is null and r.observed_at <= $2
    returning r.reference_id, r.version, r.version_hash
),
history as (
    insert into forebay.reference_revisions
        (reference_id, changed_at, scrape_run_id, version, change, field_name, old_value, new_value)
    select m.reference_id, $2, $1, m.version, 'removed', 'removed_at', null, to_jsonb($5::text)
    from removed as m
)
select g.reference_id, m.version, m.version_hash
from gone as g
left join removed as m using (reference_id)
order by g.reference_id
