-- Scopes with several re-keys or many runs that removed something, at most 100.
select s.source_id, s.name as source, s.policy, r.scope
from forebay.scrape_runs as r
join forebay.sources as s using (source_id)
where r.is_complete and (r.status = 'complete' or r.is_ordinary) and r.status <> 'partial' and r.reverted_by is null
group by s.source_id, r.scope
having count(*) filter (where r.num_rekeyed > 0) >= 2 or count(*) filter (where r.num_removed > 0) >= 10
order by s.name, r.scope
limit 100
