-- Withholds the updates of a run that lose at least one of the fields $2.
update forebay.scrape_run_changes as c
set is_withheld = true
from forebay."references" as r
where c.run_id = $1 and c.change = 'seen' and r.reference_id = c.reference_id
    and r.removed_at is null and r.version_hash <> c.version_hash
    and exists (
        select from unnest($2::text[]) as f (name)
        where coalesce((r.payload -> f.name)::text, 'null') not in ('null', '""')
            and coalesce((c.payload -> f.name)::text, 'null') in ('null', '""')
    )
