-- Counts what undoing a run would do. A reference that a later run has written stays as it is.
with
-- The references that the run changed, by its revisions and by what it added.
touched as (
    select v.reference_id from forebay.reference_revisions as v where v.scrape_run_id = $1
    union
    select r.reference_id
    from forebay."references" as r
    where r.first_seen_run_id = $1
        and r.source_id = (select x.source_id from forebay.scrape_runs as x where x.run_id = $1)
),
effects as (
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
)
select
    count(*) filter (where e.is_last and e.removed_at is null and (e.is_added or e.is_restored)) as num_removed,
    count(*) filter (where e.is_last and e.removed_at is null and not (e.is_added or e.is_restored)) as num_updated,
    count(*) filter (where e.is_last and e.removed_at is not null and not e.is_added) as num_restored,
    count(*) filter (where not e.is_last) as num_kept
from effects as e
