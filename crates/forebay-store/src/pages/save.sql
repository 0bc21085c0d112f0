insert into forebay.http_validators as v (source_id, parser_version, run_id, url_hash, url, etag, last_modified,
    fresh_until, fetched_at, num_records, field_counts, links, reference_ids)
select $1, $2, $3, p.url_hash, p.url, p.etag, p.last_modified, p.fresh_until, p.fetched_at, p.num_records,
    p.field_counts::jsonb, p.links::jsonb, ($13::uuid[])[p.first_id:p.last_id]
from unnest($4::bytea[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::int4[],
    $11::text[], $12::text[], $14::int4[], $15::int4[])
    as p (url_hash, url, etag, last_modified, fresh_until, fetched_at, num_records, field_counts, links, first_id, last_id)
-- Sorted, so that two runs with the same pages don't deadlock.
order by p.url_hash
on conflict (source_id, url_hash) do update
set parser_version = excluded.parser_version,
    run_id = excluded.run_id,
    etag = excluded.etag,
    last_modified = excluded.last_modified,
    fresh_until = excluded.fresh_until,
    fetched_at = excluded.fetched_at,
    num_records = excluded.num_records,
    field_counts = excluded.field_counts,
    links = excluded.links,
    reference_ids = excluded.reference_ids
where (v.parser_version, v.etag, v.last_modified, v.fresh_until, v.num_records, v.field_counts, v.links, v.reference_ids)
        is distinct from (excluded.parser_version, excluded.etag, excluded.last_modified, excluded.fresh_until,
            excluded.num_records, excluded.field_counts, excluded.links, excluded.reference_ids)
    -- The entry of a failed run is unreliable even if it is equal.
    or not coalesce(
        (select r.status in ('complete', 'partial') from forebay.scrape_runs as r where r.run_id = v.run_id), false)
    -- The same applies to records that a later run has overwritten: this reading replaces the entry, or the page
    -- would be read again every time. One index lookup for each reference, as in pages/find.sql.
    or (
        select coalesce(bool_or(k.is_later), false)
        from (
            select (
                select r.scrape_run_id > v.run_id
                from forebay."references" as r
                where r.reference_id = i.reference_id
            ) as is_later
            from unnest(excluded.reference_ids) as i (reference_id)
            offset 0
        ) as k
    )
    or $16
