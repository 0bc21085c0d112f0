-- The pages that can be relied on. "offset 0" and the scalar subqueries keep the planner from joining: each page, run and
-- reference is one look-up in its index, whatever the statistics say, and that of a reference does not touch the table.
select p.url, p.etag, p.last_modified, p.fresh_until, p.fetched_at, p.num_records, p.reference_ids, p.field_counts, p.links,
    p.url_hash
from (select distinct unnest($3::bytea[]) as url_hash) as w
cross join lateral (
    select v.*
    from forebay.http_validators as v
    where v.source_id = $1 and v.url_hash = w.url_hash and v.parser_version = $2
    offset 0
) as p
where (
        -- Anything else may have left its records behind.
        select r.status in ('complete', 'partial')
        from forebay.scrape_runs as r
        where r.run_id = p.run_id
    )
    and not (
        -- A record that was removed since, or is gone, comes back only if the page is read.
        select coalesce(bool_or(k.is_active is not true), false)
        from (
            select (
                select r.removed_at is null
                from forebay."references" as r
                where r.reference_id = i.reference_id
            ) as is_active
            from unnest(p.reference_ids) as i (reference_id)
            offset 0
        ) as k
    )
