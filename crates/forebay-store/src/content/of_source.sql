-- The course whose files are the references of a source, with the last run of its files that has ended.
select
    p.piece_id,
    s.name as source,
    p.course_uuid || '/' || s.source_id as key,
    p.own_tables,
    r.run_id,
    r.status,
    r.observed_at,
    exists (
        select from forebay.scrape_runs as h where h.source_id = p.source_id and h.scope = '' and h.status = 'held'
    ) as has_held_run,
    exists (
        select from forebay.scrape_runs as o where o.source_id = p.source_id and o.scope = '' and o.status = 'running'
    ) as has_open_run
from forebay.content_pieces as p
join forebay.sources as s on s.source_id = p.source_id
left join lateral (
    select x.run_id, x.status, x.observed_at
    from forebay.scrape_runs as x
    where x.source_id = p.source_id and x.scope = '' and x.status <> 'running'
    order by x.run_id desc
    limit 1
) as r on true
where p.source_id = $1
