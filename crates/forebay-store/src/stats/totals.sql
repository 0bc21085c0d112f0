-- Without a source, $1 is null: the planner knows that and drops the conditions.
with
-- One pass over the references for three totals.
stored as (
    select count(*) filter (where r.removed_at is null) as num_active,
        count(*) filter (where r.removed_at is not null) as num_removed,
        coalesce(sum(r.version), 0) as num_versions
    from forebay."references" as r
    where $1::int4 is null or r.source_id = $1
)
select t.what, t.word, t.number
from stored as s
cross join lateral (values
    ('references', 'active', s.num_active),
    ('references', 'removed', s.num_removed),
    ('versions', '', s.num_versions)) as t (what, word, number)
union all
select 'revisions', '', count(*)
from forebay.reference_revisions as v
where $1::int4 is null
    or v.reference_id in (select r.reference_id from forebay."references" as r where r.source_id = $1)
union all
select 'handoffs', h.state, count(*)
from forebay.handoffs as h
where $1::int4 is null
    or h.reference_id in (select r.reference_id from forebay."references" as r where r.source_id = $1)
group by h.state
union all
select 'runs', u.status, count(*)
from forebay.scrape_runs as u
where $1::int4 is null or u.source_id = $1
group by u.status
