select v.url, v.etag, v.last_modified, v.fresh_until, v.fetched_at, v.num_records, v.reference_ids, v.field_counts, v.links,
    v.url_hash
from forebay.http_validators as v
where v.source_id = $1 and v.parser_version = $2 and v.url_hash = $3
    and exists (
        select from forebay.scrape_runs as r
        where r.run_id = v.run_id and r.scope = $4 and r.status = 'complete'
    )
    -- Later runs may have stored something else, even if they failed. Held runs stored nothing, and neither did runs
    -- that found the file unchanged.
    and not exists (
        select from forebay.scrape_runs as r
        where r.source_id = $1 and r.scope = $4 and r.run_id > v.run_id
            and r.status in ('complete', 'partial', 'failed', 'aborted')
            and r.reason_code is distinct from 'not_modified'
    )
