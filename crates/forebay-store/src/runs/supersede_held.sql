-- A complete run decides afresh about what older held runs withheld.
with
obsolete as (
    update forebay.scrape_runs
    set status = 'aborted',
        reason_code = 'superseded',
        message = 'run ' || $1::int8 || ' of the same scope decided afresh about what it withheld'
    where source_id = $2 and scope = $3 and status = 'held' and run_id < $1
    returning run_id
),
dropped as (
    delete from forebay.scrape_run_changes as c using obsolete as o where c.run_id = o.run_id
)
select run_id from obsolete
