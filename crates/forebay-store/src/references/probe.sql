-- Which of the records that a batch brought differ from what is stored? Answers only for those: the id, and whether
-- the reference exists at all.
-- The inner select is a scalar subquery because the planner cannot turn one into a join: left to itself it hashes the
-- whole table for every batch. So this is one index-only look-up a record, whatever the statistics say. "offset 0"
-- keeps the look-up from being evaluated once for the condition and again for the result. Two unnest in the select
-- list run in step with each other and, unlike those of a from list, write no intermediate rows.
select p.reference_id, p.differs is not null as exists
from (
    select s.reference_id, (
        select not (r.version_hash = s.version_hash and r.removed_at is null and r.scope = $3)
        from forebay."references" as r
        where r.reference_id = s.reference_id
    ) as differs
    from (select unnest($1::uuid[]) as reference_id, unnest($2::bytea[]) as version_hash) as s
    offset 0
) as p
where p.differs is distinct from false
