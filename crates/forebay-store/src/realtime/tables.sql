-- The tables of Forebay, and whether the publication of Supabase Realtime has them. No rows: there is no such
-- publication.
select c.relname::text as name, c.relkind = 'p' as is_partitioned,
    p.puballtables or a.has_schema as is_published_by_all,
    p.puballtables or a.has_schema
        or exists (select from pg_publication_rel as r where r.prpubid = p.oid and r.prrelid = c.oid) as is_published
from pg_publication as p
join pg_class as c on c.relnamespace = 'forebay'::regnamespace
cross join lateral (
    select exists (
        select from pg_publication_namespace as n where n.pnpubid = p.oid and n.pnnspid = c.relnamespace) as has_schema
) as a
where p.pubname = 'supabase_realtime'
    and c.relkind in ('r', 'p')
    and not c.relispartition
    and c.relname <> 'schema_migrations'
order by c.relname
