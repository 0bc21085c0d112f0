-- The first changes of a held run compared with the stored references, removals first because guards watch them most.
-- Staged changes without effect are left out.
select c.reference_id, coalesce(c.record_key, r.record_key) as record_key, w.change, r.version
from forebay.scrape_run_changes as c
left join forebay."references" as r using (reference_id)
cross join lateral (
    select case
        when c.change <> 'seen' and r.reference_id is not null and r.removed_at is null then 'removed'
        when c.change <> 'seen' then null
        when r.reference_id is null then 'added'
        when r.removed_at is not null then 'restored'
        when r.version_hash <> c.version_hash then 'updated'
    end as change
) as w
where c.run_id = $1 and w.change is not null
order by c.change <> 'seen' desc, c.reference_id
limit $2
