insert into forebay.scrape_run_fields (run_id, field_name, num_present, coverage, json_types)
select $1, f.field_name, f.num_present, f.coverage, f.json_types
from forebay.scrape_run_fields as f
where f.run_id = (
    select b.run_id
    from forebay.scrape_runs as a
    join forebay.scrape_runs as b on b.source_id = a.source_id and b.scope = a.scope and b.run_id < a.run_id
    where a.run_id = $1 and b.status = 'complete' and b.is_complete
    order by b.run_id desc
    limit 1
)
