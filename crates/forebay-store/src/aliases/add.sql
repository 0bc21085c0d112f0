insert into forebay.reference_aliases (alias_id, reference_id, source_id, record_key, run_id)
select m.alias_id, m.reference_id, $2, m.record_key, $1
from unnest($3::uuid[], $4::uuid[], $5::text[]) as m (reference_id, alias_id, record_key)
