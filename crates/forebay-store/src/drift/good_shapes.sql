with
good as (
    select r.run_id, r.num_seen - r.num_rejected as num_records
    from forebay.scrape_runs as r
    where r.source_id = $1 and r.scope = $2 and r.status = 'complete' and r.is_complete and r.num_seen > 0
    order by r.run_id desc
    limit 5
)
select g.run_id, g.num_records, f.field_name, f.num_present, f.json_types
from good as g
join forebay.scrape_run_fields as f using (run_id)
order by g.run_id desc, f.field_name
