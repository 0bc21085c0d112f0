update forebay.scrape_run_changes as c
set is_withheld = true
from forebay.scrape_runs as run, forebay."references" as r
where c.run_id = $1 and c.change in ('seen', 'flagged') and run.run_id = c.run_id
    and r.reference_id = c.reference_id and r.removed_at is null and r.scope <> run.scope
    and exists (
        select from forebay.scrape_runs as other
        where other.source_id = run.source_id and other.scope = r.scope and other.is_complete
            and other.status = 'complete')
