with
revisions as (
    update forebay.reference_revisions as v
    set field_name = $3
    from forebay."references" as r
    where r.reference_id = v.reference_id and r.source_id = $1 and v.change = 'updated' and v.field_name = $2
    returning 1
),
-- A rejected run may already have seen the new name.
coverage as (
    update forebay.scrape_run_fields as f
    set field_name = $3
    from forebay.scrape_runs as s
    where s.run_id = f.run_id and s.source_id = $1 and f.field_name = $2
        and not exists (select from forebay.scrape_run_fields as o where o.run_id = f.run_id and o.field_name = $3)
),
drift as (
    update forebay.scrape_run_drift as d
    set field_name = $3
    from forebay.scrape_runs as s
    where s.run_id = d.run_id and s.source_id = $1 and d.field_name = $2
        and not exists (select from forebay.scrape_run_drift as o where o.run_id = d.run_id and o.field_name = $3)
),
pages as (
    delete from forebay.http_validators where source_id = $1
)
select count(*) as num_revisions from revisions
