-- The tables that pipelines write.
select p.name as pipeline, p.enabled, split_part(t.name, '.', 1) as schema_name,
    split_part(t.name, '.', 2) as table_name
from forebay.pipelines as p
cross join lateral (select p.config ->> 'table' as given) as g
cross join lateral (select case when g.given like '%.%' then g.given else 'public.' || g.given end) as t (name)
where p.handler = 'table'
