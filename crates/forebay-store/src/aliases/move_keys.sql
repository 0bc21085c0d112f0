-- The reference's old key stays in its lineage, newest last.
update forebay."references" as r
set record_key = m.record_key,
    lineage = jsonb_set(r.lineage, '{previous_keys}',
        coalesce(r.lineage -> 'previous_keys', '[]') || to_jsonb(r.record_key))
from unnest($3::uuid[], $4::uuid[], $5::text[]) as m (reference_id, alias_id, record_key)
where r.reference_id = m.reference_id and r.source_id = $2 and $1::int8 is not null
