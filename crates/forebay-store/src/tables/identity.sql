-- The table that a name stands for, the one that the pipeline used last, and the types of the columns that it writes.
select c.oid, p.target_oid as used_oid,
    -- In a restored database, the remembered oid is that of no table.
    coalesce(
        p.is_target_own and (p.target_oid = c.oid or not exists (select from pg_class as o where o.oid = p.target_oid)),
        false) as is_own,
    array(
        select coalesce(format_type(a.atttypid, a.atttypmod), '')
        from unnest($2::text[]) with ordinality as w (name, ord)
        left join pg_attribute as a
            on a.attrelid = c.oid and a.attname = w.name and a.attnum > 0 and not a.attisdropped
        order by w.ord
    ) as types
from (select to_regclass($1)::oid as oid) as c
left join forebay.pipelines as p on p.pipeline_id = $3 and p.target_table = $1
