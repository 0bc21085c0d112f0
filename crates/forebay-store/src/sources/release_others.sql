with
released as (
    update forebay.sources as s
    set kind = null, declared_at = null, project = null, is_published = false, updated_at = now()
    where s.project = $1 and s.name <> all($2)
    returning s.source_id, s.name
),
unscheduled as (
    delete from forebay.source_schedules as c using released as r where c.source_id = r.source_id
)
select name from released order by name
