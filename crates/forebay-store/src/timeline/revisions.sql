-- The history of one reference before a position, newest first, in primary key order.
select v.changed_at, v.scrape_run_id, v.version, v.change, v.field_name,
    -- One character more than is shown indicates that there is more.
    left(v.old_value::text, $7) as old_value, left(v.new_value::text, $7) as new_value
from forebay.reference_revisions as v
where v.reference_id = $1
    and (v.changed_at, v.scrape_run_id, v.change, v.field_name) < (coalesce($2::timestamptz, 'infinity'), $3, $4, $5)
order by v.changed_at desc, v.scrape_run_id desc, v.change desc, v.field_name desc
limit $6
