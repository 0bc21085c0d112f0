select v.changed_at, v.scrape_run_id, v.version, v.change, v.field_name, v.old_value::text, v.new_value::text
from forebay.reference_revisions as v
where v.reference_id = $1
-- Within one run, a restoration precedes the changes.
order by v.changed_at, v.scrape_run_id, v.change = 'updated', v.change, v.field_name collate "C"
