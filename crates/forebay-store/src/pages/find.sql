-- The reliable pages. "offset 0" and the scalar subqueries keep the planner from joining: each page, run and
-- reference is one index lookup, regardless of statistics.
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
        -- Other runs may not have stored all records.
        select r.status in ('complete', 'partial')
        from forebay.scrape_runs as r
        where r.run_id = p.run_id
    )
    and not (
        -- A removed or deleted record comes back only if the page is read. The same applies to a record that a later
        -- run has written, from another page or source, and to one that moved to another scope.
        select coalesce(bool_or(k.is_as_read is not true), false)
        from (
            select (
                select r.removed_at is null and r.scrape_run_id <= p.run_id and r.scope = $4
                from forebay."references" as r
                where r.reference_id = i.reference_id
            ) as is_as_read
            from unnest(p.reference_ids) as i (reference_id)
            offset 0
        ) as k
    )
