-- The staged records of a run whose references are active in other scopes that were seen complete.
select
    count(*) as num_references,
    count(*) filter (where c.change = 'seen' and r.version_hash <> c.version_hash) as num_updated,
    min(r.scope) as scope
from forebay.scrape_runs as run
join forebay.scrape_run_changes as c on c.run_id = run.run_id and c.change in ('seen', 'flagged')
join forebay."references" as r on r.reference_id = c.reference_id and r.removed_at is null and r.scope <> run.scope
where run.run_id = $1
    and exists (
        select from forebay.scrape_runs as other
        where other.source_id = run.source_id and other.scope = r.scope and other.is_complete
            and other.status = 'complete')
