-- A first version has no revision, so additions come from the references.
select r.record_key, 'added' as change, null::text as field_name, null::text as old_value, null::text as new_value
from forebay."references" as r
where r.first_seen_run_id = $1
union all
select r.record_key, v.change, case v.change when 'updated' then v.field_name end,
    case v.change when 'updated' then v.old_value::text end, case v.change when 'updated' then v.new_value::text end
from forebay.reference_revisions as v
join forebay."references" as r using (reference_id)
where v.scrape_run_id = $1
order by 2, 1, 3
