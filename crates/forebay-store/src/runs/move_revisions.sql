-- Gives the changes of a run that claims a later time than $2 the time at which it began.
update forebay.reference_revisions as v
set changed_at = least(r.started_at, $2)
from forebay.scrape_runs as r
where r.run_id = $1 and v.scrape_run_id = $1 and v.changed_at > $2
