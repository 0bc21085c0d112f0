select r.scope, count(*) filter (where r.removed_at is null) as num_active,
    count(*) filter (where r.removed_at is not null) as num_removed
from forebay."references" as r
where r.source_id = $1
group by r.scope
order by r.scope collate "C"
