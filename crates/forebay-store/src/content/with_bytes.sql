-- A file that is too large to be stored has a hash and no bytes.
select r.payload ->> 'content_hash' as content_hash
from forebay."references" as r
where r.source_id = $1
    and r.payload ->> 'content_hash' = any ($2::text[])
    and r.payload ?| '{content,content_base64}'
union
-- The version that replaced the bytes recorded them beside their hash.
select v.old_value #>> '{}'
from forebay."references" as r
join forebay.reference_revisions as v on v.reference_id = r.reference_id
join forebay.reference_revisions as b
    on (b.reference_id, b.changed_at, b.scrape_run_id, b.change)
        = (v.reference_id, v.changed_at, v.scrape_run_id, v.change)
where r.source_id = $1
    and v.field_name = 'content_hash'
    and v.old_value #>> '{}' = any ($2::text[])
    and b.field_name in ('content', 'content_base64')
    and b.old_value is not null
