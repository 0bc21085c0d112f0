-- Which of the records that a batch brought differ from what is stored? Answers only for those: their place in the
-- batch, and whether the reference exists at all.
-- The inner select is a scalar subquery because the planner cannot turn one into a join: left to itself it hashes the
-- whole table for every batch. So this is one index-only look-up a record, whatever the statistics say. "offset 0"
-- keeps the look-up from being evaluated once for the condition and again for the result.
select p.ord::int4 - 1, p.differs is not null
from (
    select s.ord, (
        select not (r.version_hash = s.version_hash and r.removed_at is null and r.scope = $3)
        from forebay."references" as r
        where r.reference_id = s.reference_id
    ) as differs
    from unnest($1::uuid[], $2::bytea[]) with ordinality as s (reference_id, version_hash, ord)
    offset 0
) as p
where p.differs is distinct from false
