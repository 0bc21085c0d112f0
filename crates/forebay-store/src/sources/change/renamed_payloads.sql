-- With those that already have the new name: from now on, the rules of the field apply to them.
select r.reference_id, r.version_hash,
    (case when r.payload ? $2 then (r.payload - $2) || jsonb_build_object($3::text, r.payload -> $2) else r.payload end)::text
        as payload
from forebay."references" as r
where r.source_id = $1 and (r.payload ? $2 or r.payload ? $3) and ($4::uuid is null or r.reference_id > $4)
order by r.reference_id
limit $5
