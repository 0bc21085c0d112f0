-- Finds the records of a batch that differ from what is stored. Returns only those: the id, and whether the reference
-- exists. A record without a hash removes its reference, so it differs from an active one. The inner select is a scalar
-- subquery because the planner can't turn it into a join; a join would hash the whole table for every batch. So each
-- record is one index-only lookup, regardless of statistics. "offset 0" keeps the lookup from being evaluated twice,
-- for the condition and for the result. Two unnest in a select list advance together and, unlike in a from list, write
-- no intermediate rows.
select p.reference_id, p.differs is not null as exists
from (
    select s.reference_id, (
        select case
            when s.version_hash is null then r.removed_at is null
            else not (r.version_hash = s.version_hash and r.removed_at is null and r.scope = $3)
        end
        from forebay."references" as r
        where r.reference_id = s.reference_id
    ) as differs
    from (select unnest($1::uuid[]) as reference_id, unnest($2::bytea[]) as version_hash) as s
    offset 0
) as p
where p.differs is distinct from false
