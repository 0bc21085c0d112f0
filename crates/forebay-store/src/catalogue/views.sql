-- The parsed queries of the views in the schemas $1.
select c.oid as view_id, r.ev_action::text as query
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_rewrite as r on r.ev_class = c.oid and r.ev_type = '1'
where n.nspname = any ($1) and c.relkind in ('v', 'm')
order by c.oid
