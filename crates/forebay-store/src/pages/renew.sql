with
said as materialized (
    select *
    from unnest($2::bytea[], $3::text[], $4::text[], $5::timestamptz[]) as s (url_hash, etag, last_modified, fresh_until)
),
-- Locked in the order in which pages/save.sql locks.
known as materialized (
    select v.url_hash, s.fresh_until, coalesce(s.etag, v.etag) as etag,
        coalesce(s.last_modified, v.last_modified) as last_modified
    from forebay.http_validators as v
    join said as s using (url_hash)
    where v.source_id = $1
        and (v.etag, v.last_modified, v.fresh_until)
            is distinct from (coalesce(s.etag, v.etag), coalesce(s.last_modified, v.last_modified), s.fresh_until)
    order by v.url_hash
    for update of v
)
update forebay.http_validators as v
set etag = k.etag, last_modified = k.last_modified, fresh_until = k.fresh_until
from known as k
where v.source_id = $1 and v.url_hash = k.url_hash
