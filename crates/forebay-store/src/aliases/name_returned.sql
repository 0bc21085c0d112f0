-- The aliases of references that get keys back from before a re-key. They serve the pages that remember the ids under
-- which these records were staged.
insert into forebay.reference_aliases (alias_id, reference_id, source_id, record_key, run_id)
select c.alias_id, c.reference_id, $2, c.record_key, c.run_id
from forebay.scrape_run_changes as c
where c.run_id = $1 and c.reference_id = any($3) and c.alias_id is not null
on conflict (alias_id) do update
set reference_id = excluded.reference_id, record_key = excluded.record_key, run_id = excluded.run_id
