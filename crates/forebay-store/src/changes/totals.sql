-- What a run's staged changes would do to what is stored now.
select count(*) filter (where c.change = 'seen' and r.reference_id is null),
    count(*) filter (where c.change = 'seen' and r.removed_at is null and r.version_hash <> c.version_hash),
    count(*) filter (where c.change = 'seen' and r.removed_at is not null),
    count(*) filter (where c.change = 'removed' and r.removed_at is null)
from forebay.scrape_run_changes as c
left join forebay."references" as r using (reference_id)
where c.run_id = $1
