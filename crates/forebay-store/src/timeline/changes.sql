-- The changes of runs, newest run first, within a run by reference_id. Each run gives at least one row, which is
-- empty if it has no changes to show, so a page of $6 rows reads at most $6 runs.
with
page as (
    select r.run_id, r.observed_at, c.reference_id, c.change, c.version, c.fields, c.num_fields
    from (
        select r.run_id, r.observed_at, r.num_added,
            r.num_updated + r.num_removed + r.num_restored as num_revised,
            -- In the run where the previous page ended, start after its last reference.
            case when r.run_id = $4 then $5 else '00000000-0000-0000-0000-000000000000'::uuid end as after
        from forebay.scrape_runs as r
        where r.observed_at >= $1
            and r.run_id <= $4
            and (r.num_added > 0 or r.num_updated > 0 or r.num_removed > 0 or r.num_restored > 0)
            -- Held changes are not applied.
            and r.status <> 'held'
            and ($2::text is null or r.source_id = (select s.source_id from forebay.sources as s where s.name = $2))
            and ($3::text is null
                or r.source_id in (select s.source_id from forebay.sources as s where s.entity_type = $3))
        order by r.run_id desc
        limit $6
    ) as r
    left join lateral (
        -- Added by a run with few additions: read all of them, by run.
        (select a.reference_id, 'added' as change, 1 as version, '{}'::text[] as fields, 0 as num_fields
        from (
            select f.reference_id
            from forebay."references" as f
            where r.num_added between 1 and 20000 and f.first_seen_run_id = r.run_id and f.removed_at is null
                and f.reference_id > r.after
            offset 0
        ) as a
        order by a.reference_id
        limit $6)
        union all
        -- Added by a run with many additions: a walk along the primary key soon finds some.
        (select a.reference_id, 'added', 1, '{}', 0
        from forebay."references" as a
        where r.num_added > 20000 and a.first_seen_run_id = r.run_id and a.removed_at is null
            and a.reference_id > r.after
        order by a.reference_id
        limit $6)
        union all
        -- Updated, removed or restored: one row for each reference.
        (select v.reference_id,
            case when bool_or(v.change = 'removed') then 'removed' when bool_or(v.change = 'restored') then 'restored'
                else 'updated' end,
            max(v.version),
            -- The first twenty names; the count covers the rest.
            (array_agg(left(v.field_name, 200) order by v.field_name collate "C")
                filter (where v.change = 'updated'))[1:20],
            (count(*) filter (where v.change = 'updated'))::int4
        from forebay.reference_revisions as v
        where r.num_revised > 0 and v.scrape_run_id = r.run_id and v.reference_id > r.after
            -- Changes have the time at which their run observed them. This only skips the partitions of other months.
            and v.changed_at between r.observed_at - interval '1 second' and r.observed_at + interval '1 second'
        group by v.reference_id
        order by v.reference_id
        limit $6)
    ) as c on true
    order by r.run_id desc, c.reference_id
    limit $6
)
select p.run_id, p.observed_at, p.reference_id, p.change, p.version, coalesce(p.fields, '{}') as fields,
    coalesce(p.num_fields, 0) as num_fields, s.name as source, f.entity_type, left(f.record_key, 500) as record_key
from page as p
left join forebay."references" as f using (reference_id)
left join forebay.sources as s using (source_id)
order by p.run_id desc, p.reference_id
