-- The same for the references that it has added or written.
update forebay."references" as f
set observed_at = least(f.observed_at, $2),
    changed_at = least(f.changed_at, r.began_at),
    removed_at = case when f.removed_at > r.began_at then r.began_at else f.removed_at end,
    first_seen_at = least(f.first_seen_at, r.began_at)
from (select u.source_id, least(u.started_at, $2) as began_at from forebay.scrape_runs as u where u.run_id = $1) as r
where f.source_id = r.source_id and f.scrape_run_id = $1 and f.observed_at > $2
