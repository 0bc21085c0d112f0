-- The complete runs of a scope that guards learn from, newest first; the coverage of the newest $4 of them. A partial
-- run may look ordinary, but its input was incomplete.
with
good as (
    select r.run_id, coalesce(r.num_active_before, 0) as num_active_before,
        greatest(r.num_seen - r.num_duplicate - r.num_rejected, 0) as num_seen,
        r.num_added, r.num_removed, r.num_restored, r.num_rekeyed, r.num_split,
        row_number() over (order by r.run_id desc) as position
    from forebay.scrape_runs as r
    where r.source_id = $1 and r.scope = $2 and r.is_complete and (r.status = 'complete' or r.is_ordinary)
        and r.status <> 'partial' and r.reverted_by is null
    order by r.run_id desc
    limit $3
)
select g.num_active_before, g.num_seen, g.num_added, g.num_removed, g.num_restored, g.num_rekeyed, g.num_split,
    coalesce(f.num_records, 0) as num_records, coalesce(f.names, '{}') as names, coalesce(f.counts, '{}') as counts
from good as g
left join lateral (
    select array_agg(c.field_name order by c.field_name) as names, array_agg(c.num_present order by c.field_name) as counts,
        max(round(c.num_present / c.coverage))::int8 as num_records
    from forebay.scrape_run_fields as c
    where c.run_id = g.run_id and g.position <= $4 and c.coverage > 0
) as f on true
order by g.run_id desc
