-- A field that a run did not have at all has no row, so the mean is over the runs, not over the rows.
with
good as (
    select r.run_id
    from forebay.scrape_runs as r
    where r.source_id = $1 and r.scope = $2 and r.status = 'complete' and r.is_complete and r.num_seen > 0
    order by r.run_id desc
    limit 5
)
select f.field_name, sum(f.coverage) / (select count(*) from good)
from forebay.scrape_run_fields as f
join good as g using (run_id)
group by f.field_name
order by f.field_name
