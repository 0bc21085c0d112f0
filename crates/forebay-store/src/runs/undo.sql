-- The state before a run of the references that it wrote last. One without a payload did not exist or was removed.
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
select e.reference_id, e.record_key,
    case
        when e.removed_at is null and (e.is_added or e.is_restored) then null
        else ((e.payload - coalesce(u.fields, '{}')) || coalesce(u.old_values, '{}'))::text
    end as payload,
    case when e.is_updated then null else e.version_hash end as version_hash
from effects as e
left join lateral (
    select array_agg(v.field_name) as fields,
        jsonb_object_agg(v.field_name, v.old_value) filter (where v.old_value is not null) as old_values
    from forebay.reference_revisions as v
    where v.reference_id = e.reference_id and v.scrape_run_id = $1 and v.change = 'updated'
) as u on true
where e.is_last and e.reference_id > $2 and (e.removed_at is null or not e.is_added)
order by e.reference_id
limit $3
