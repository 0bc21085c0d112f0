select r.scope, count(*) filter (where r.removed_at is null), count(*) filter (where r.removed_at is not null)
from forebay."references" as r
where r.source_id = $1
group by r.scope
order by r.scope collate "C"
