-- The baseline is the mean of the last good runs, only for fields of the last one: if a field is missing there, the
-- source dropped it in a run that passed.
with
good as (
    select r.run_id
    from forebay.scrape_runs as r
    where r.source_id = $1 and r.scope = $2 and r.status = 'complete' and r.is_complete and r.num_seen > 0
    order by r.run_id desc
    limit 5
),
last as (
    select f.field_name
    from forebay.scrape_run_fields as f
    where f.run_id = (select max(run_id) from good)
)
select f.field_name, avg(f.coverage) as coverage
from forebay.scrape_run_fields as f
join good as g using (run_id)
join last as l using (field_name)
group by f.field_name
order by f.field_name
