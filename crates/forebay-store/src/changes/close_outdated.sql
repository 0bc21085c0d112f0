-- Counts again what held runs withhold after a later run saw some of it, and closes those that withhold nothing.
with
-- A pair of an old and a new key is one change.
remaining as (
    select h.run_id,
        count(*) filter (where r.reference_id is not null and c.change <> 'removed') + greatest(
            count(*) filter (where c.change = 'removed'),
            count(*) filter (where r.reference_id is null and c.reference_id is not null)) as num_withheld
    from unnest($2::int8[]) as h (run_id)
    left join forebay.scrape_run_changes as c using (run_id)
    left join forebay."references" as r using (reference_id)
    group by h.run_id
)
update forebay.scrape_runs as h
set num_withheld = case m.num_withheld when 0 then h.num_withheld else m.num_withheld end,
    status = case m.num_withheld when 0 then 'aborted' else h.status end,
    reason_code = case m.num_withheld when 0 then 'superseded' else h.reason_code end,
    message = case m.num_withheld
        when 0 then 'run ' || $1::int8 || ' of the same scope saw all references about which it withheld changes'
        else h.message
    end
from remaining as m
where h.run_id = m.run_id and h.status = 'held'
