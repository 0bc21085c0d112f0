-- Counts the effects of a run's staged changes on the stored references.
select count(*) filter (where c.change = 'seen' and r.reference_id is null) as num_added,
    count(*) filter (where c.change = 'seen' and r.removed_at is null and r.version_hash <> c.version_hash)
        as num_updated,
    count(*) filter (where c.change = 'seen' and r.removed_at is not null) as num_restored,
    count(*) filter (where c.change <> 'seen' and r.reference_id is not null and r.removed_at is null) as num_removed
from forebay.scrape_run_changes as c
left join forebay."references" as r using (reference_id)
where c.run_id = $1
