-- The payload with every field that ever changed as its last change left it; no row if none ever changed.
with
-- The last change of each field.
last as (
    select distinct on (v.field_name) v.field_name, v.new_value
    from forebay.reference_revisions as v
    where v.reference_id = $1 and v.change = 'updated'
    order by v.field_name, v.version desc, v.changed_at desc, v.scrape_run_id desc
)
select ((r.payload - (select array_agg(l.field_name) from last as l))
    || coalesce((select jsonb_object_agg(l.field_name, l.new_value) from last as l where l.new_value is not null), '{}')
    )::text as payload
from forebay."references" as r
where r.reference_id = $1 and exists (select from last)
