-- The staged changes of a run with the payloads before and after, removals first. Changes without effect are left out.
select c.reference_id, coalesce(r.record_key, c.record_key) as record_key, w.change, r.version,
    r.payload::text as old_payload, case when c.change = 'seen' then c.payload::text end as new_payload
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
    and (c.change = 'seen', c.reference_id) > (not $2::boolean, $3::uuid)
order by c.change = 'seen', c.reference_id
limit $4
