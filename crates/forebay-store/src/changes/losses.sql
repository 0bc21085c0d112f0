-- The updates of a run within its scope, grouped by the fields that have a value in the stored version and none in the
-- new record.
with
updates as (
    select array(
            select o.key from jsonb_each(r.payload) as o where o.value::text not in ('null', '""')
            except
            select n.key from json_each(c.payload) as n where n.value::text not in ('null', '""')
            order by 1
        ) as fields
    from forebay.scrape_runs as run
    join forebay.scrape_run_changes as c using (run_id)
    join forebay."references" as r on r.reference_id = c.reference_id and r.scope = run.scope
    where c.run_id = $1 and c.change = 'seen' and r.removed_at is null and r.version_hash <> c.version_hash
)
select u.fields, count(*) as num_updates
from updates as u
where cardinality(u.fields) > 0
group by u.fields
order by u.fields
