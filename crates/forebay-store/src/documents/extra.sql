-- Documents whose reference is removed or deleted.
select d.reference_id
from forebay.documents as d
where d.pipeline_id = $1
    and d.reference_id > $2
    and not exists (
        select from forebay."references" as r
        where r.reference_id = d.reference_id and r.removed_at is null
    )
order by d.reference_id
limit $3
