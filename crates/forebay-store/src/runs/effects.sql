-- The references that a run changed, and what it did to each.
with
-- The references that the run changed, by its revisions and by what it added.
touched as (
    select v.reference_id from forebay.reference_revisions as v where v.scrape_run_id = $1
    union
    select r.reference_id
    from forebay."references" as r
    where r.first_seen_run_id = $1
        and r.source_id = (select x.source_id from forebay.scrape_runs as x where x.run_id = $1)
)
select t.reference_id, r.record_key, r.payload, r.version_hash, r.removed_at, r.scrape_run_id = $1 as is_last,
    r.first_seen_run_id = $1 as is_added,
    exists (
        select from forebay.reference_revisions as v
        where v.reference_id = t.reference_id and v.scrape_run_id = $1 and v.change = 'restored'
    ) as is_restored,
    exists (
        select from forebay.reference_revisions as v
        where v.reference_id = t.reference_id and v.scrape_run_id = $1 and v.change = 'updated'
    ) as is_updated
from touched as t
join forebay."references" as r using (reference_id)
