update forebay.scrape_run_changes as c
set reference_id = m.reference_id
from unnest($3::uuid[], $4::uuid[], $5::text[]) as m (reference_id, alias_id, record_key)
where c.run_id = $1 and c.reference_id = m.alias_id and c.change <> 'removed' and $2::int4 is not null
