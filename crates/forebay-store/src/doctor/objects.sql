-- The objects of Forebay's schemas, with a digest of each definition that is the same on every version of Postgres.
-- Needs a search path of pg_catalog: names are written without the schemas of that path.
with
ours as (
    select n.oid, n.nspname, n.nspowner from pg_namespace as n where n.nspname in ('forebay', 'forebay_private')
),
-- Months are made as they come, with all that their table has.
tables as (
    select c.oid, format('%I.%I', o.nspname, c.relname) as name, c.relname, c.relkind, c.relowner, c.relrowsecurity,
        c.reloptions
    from pg_class as c
    join ours as o on o.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
),
objects (kind, name, owner, definition) as (
    select 'schema', o.nspname::text, o.nspowner, '' from ours as o
    union all
    select case when t.relkind in ('v', 'm') then 'view' else 'table' end, t.name, t.relowner,
        concat_ws(' ', t.relkind, t.relrowsecurity, t.reloptions, case when t.relkind in ('v', 'm') then pg_get_viewdef(t.oid) end)
    from tables as t
    union all
    select 'column', format('%s.%I', t.name, a.attname), null,
        concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
            pg_get_expr(d.adbin, d.adrelid))
    from tables as t
    join pg_attribute as a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
    -- Made when a pipeline first has embeddings.
    where (t.relname, a.attname) <> ('document_chunks', 'embedding')
    union all
    -- From Postgres 18 on, a column that is not null has a constraint too, and there are keys that are not enforced
    -- (see 0006_integrity). Triggers follow below.
    select 'constraint', format('%I on %s', k.conname, t.name), null, pg_get_constraintdef(k.oid)
    from tables as t
    join pg_constraint as k on k.conrelid = t.oid and k.contype not in ('n', 't')
    where to_jsonb(k) ->> 'conenforced' is distinct from 'false'
    union all
    select 'index', format('%I on %s', c.relname, t.name), null, pg_get_indexdef(i.indexrelid)
    from tables as t
    join pg_index as i on i.indrelid = t.oid
    join pg_class as c on c.oid = i.indexrelid
    where c.relname !~ '^(document_chunks_(unembedded$|embedding_)|entity_.*_[0-9a-f]{8}$)'
    union all
    select 'function', f.oid::regprocedure::text, f.proowner,
        concat_ws(' ', pg_get_function_result(f.oid), pg_get_function_arguments(f.oid), l.lanname, f.provolatile, f.prosecdef,
            f.proisstrict, f.proconfig, f.prosrc, pg_get_function_sqlbody(f.oid))
    from pg_proc as f
    join ours as o on o.oid = f.pronamespace
    join pg_language as l on l.oid = f.prolang
    union all
    select 'trigger', format('%I on %s', g.tgname, t.name), null, concat_ws(' ', g.tgenabled, pg_get_triggerdef(g.oid))
    from tables as t
    join pg_trigger as g on g.tgrelid = t.oid and not g.tgisinternal
    union all
    select 'policy', format('%I on %s', p.polname, t.name), null,
        concat_ws(' ', p.polcmd, p.polpermissive,
            (select string_agg(coalesce(r.rolname, 'public'), ' ' order by r.rolname)
                from unnest(p.polroles) as g (oid) left join pg_roles as r on r.oid = g.oid),
            pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    from tables as t
    join pg_policy as p on p.polrelid = t.oid
)
select j.kind, j.name,
    -- Versions differ in spaces, parentheses, and where they qualify names.
    left(encode(sha256(convert_to(regexp_replace(j.definition, '\m[a-z_]+\.|[\s()"]', '', 'g'), 'UTF8')), 'hex'), 12) as digest,
    j.owner is distinct from (select o.nspowner from ours as o where o.nspname = 'forebay') and j.owner is not null
        as is_foreign
from objects as j
order by j.kind, j.name collate "C"
