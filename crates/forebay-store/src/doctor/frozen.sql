-- Declared sources that have run before and are no longer scraped: they are switched off, or all their schedules are.
select s.name as source, s.enabled
from forebay.sources as s
where s.kind is not null and s.declared_at is not null
    and exists (select from forebay.scrape_runs as r where r.source_id = s.source_id)
    and (not s.enabled
        or (exists (select from forebay.source_schedules as d where d.source_id = s.source_id)
            and not exists (select from forebay.source_schedules as d where d.source_id = s.source_id and d.enabled)))
order by s.name
