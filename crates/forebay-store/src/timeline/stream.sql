-- The changes of runs in the order in which the runs ended, within a run by reference_id. Each end gives at least one
-- row, which is empty if there is nothing to show, so a page of $5 rows reads at most $5 ends.
with
page as (
    select e.end_id, e.run_id, e.observed_at, c.reference_id, c.change, c.version, c.fields, c.num_fields
    from (
        select e.end_id, e.run_id, e.is_release, r.observed_at, r.num_added,
            r.num_updated + r.num_removed + r.num_restored as num_revised,
            -- In the end where the previous page stopped, start after its last reference.
            case when e.end_id = $1 then $2 else '00000000-0000-0000-0000-000000000000'::uuid end as after
        from forebay.run_ends as e
        join forebay.scrape_runs as r using (run_id)
        -- Skip an end that was read completely; otherwise a page of one row would never get past it.
        where e.end_id >= $1 and (e.end_id > $1 or $2 <> 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
            and ($3::text is null or r.source_id = (select s.source_id from forebay.sources as s where s.name = $3))
            and ($4::text is null
                or r.source_id in (select s.source_id from forebay.sources as s where s.entity_type = $4))
        order by e.end_id
        limit $5
    ) as e
    left join lateral (
        -- One row for each reference: a run may add a reference and change it later.
        select u.reference_id,
            case when bool_or(u.change = 'removed') then 'removed' when bool_or(u.change = 'added') then 'added'
                when bool_or(u.change = 'restored') then 'restored' else 'updated' end as change,
            max(u.version) as version, max(u.fields) as fields, max(u.num_fields) as num_fields
        from (
            -- Added by a run with few additions: read all of them, by run.
            (select a.reference_id, 'added' as change, 1 as version, '{}'::text[] as fields, 0 as num_fields
            from (
                select f.reference_id
                from forebay."references" as f
                where e.num_added between 1 and 20000 and f.first_seen_run_id = e.run_id and f.reference_id > e.after
                offset 0
            ) as a
            where e.is_release = exists (
                select from forebay.released_changes as d where d.run_id = e.run_id and d.reference_id = a.reference_id)
            order by a.reference_id
            limit $5)
            union all
            -- Added by a run with many additions: a walk along the primary key soon finds some.
            (select a.reference_id, 'added', 1, '{}', 0
            from forebay."references" as a
            where e.num_added > 20000 and a.first_seen_run_id = e.run_id and a.reference_id > e.after
                and e.is_release = exists (
                    select from forebay.released_changes as d
                    where d.run_id = e.run_id and d.reference_id = a.reference_id)
            order by a.reference_id
            limit $5)
            union all
            -- Updated, removed or restored.
            (select v.reference_id,
                case when bool_or(v.change = 'removed') then 'removed' when bool_or(v.change = 'restored')
                    then 'restored' else 'updated' end,
                max(v.version),
                -- The first twenty names; the count covers the rest.
                (array_agg(left(v.field_name, 200) order by v.field_name collate "C")
                    filter (where v.change = 'updated'))[1:20],
                (count(*) filter (where v.change = 'updated'))::int4
            from forebay.reference_revisions as v
            where e.num_revised > 0 and v.scrape_run_id = e.run_id and v.reference_id > e.after
                and e.is_release = exists (
                    select from forebay.released_changes as d
                    where d.run_id = e.run_id and d.reference_id = v.reference_id)
            group by v.reference_id
            order by v.reference_id
            limit $5)
        ) as u
        group by u.reference_id
        order by u.reference_id
        limit $5
    ) as c on true
    order by e.end_id, c.reference_id
    limit $5
)
select p.end_id, p.run_id, p.observed_at, p.reference_id, p.change, p.version, coalesce(p.fields, '{}') as fields,
    coalesce(p.num_fields, 0) as num_fields, s.name as source, f.entity_type, left(f.record_key, 500) as record_key
from page as p
left join forebay."references" as f using (reference_id)
left join forebay.sources as s using (source_id)
order by p.end_id, p.reference_id
