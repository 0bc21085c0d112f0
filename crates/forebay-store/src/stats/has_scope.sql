-- One probe of the index for each source, whatever the planner thinks of the number of their references. Tombstones are
-- not in the index, so they are searched only if no reference is active.
with chosen as materialized (
    select s.source_id from forebay.sources as s where $1::int4[] is null or s.source_id = any($1)
)
select exists (
    select from chosen as c
    cross join lateral (
        select from forebay."references" as r
        where r.source_id = c.source_id and r.scope = $2 and r.removed_at is null
        limit 1
    ) as active
) or exists (
    select from forebay."references" as r
    where r.source_id in (select c.source_id from chosen as c) and r.scope = $2
) as has_scope
