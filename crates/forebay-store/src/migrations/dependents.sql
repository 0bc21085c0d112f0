-- Objects of other schemas that depend on objects of Forebay's schemas: views, foreign keys, functions, defaults.
with
ours as (
    select 'pg_class'::regclass::oid as classid, c.oid as objid
    from pg_class as c
    where c.relnamespace in (select n.oid from pg_namespace as n where n.nspname in ('forebay', 'forebay_private'))
    union all
    select 'pg_type'::regclass, t.oid
    from pg_type as t
    where t.typnamespace in (select n.oid from pg_namespace as n where n.nspname in ('forebay', 'forebay_private'))
    union all
    select 'pg_proc'::regclass, f.oid
    from pg_proc as f
    where f.pronamespace in (select n.oid from pg_namespace as n where n.nspname in ('forebay', 'forebay_private'))
),
-- What depends on a view's columns is its rule.
used as (
    select case when r.oid is null then d.classid else 'pg_class'::regclass::oid end as classid,
        coalesce(r.ev_class, d.objid) as objid, d.refclassid, d.refobjid
    from pg_depend as d
    join ours as o on o.classid = d.refclassid and o.objid = d.refobjid
    left join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    where d.deptype = 'n'
)
select distinct pg_describe_object(u.classid, u.objid, 0) || ' (on ' || pg_describe_object(u.refclassid, u.refobjid, 0) || ')'
    as dependent
from used as u
-- The first name is the schema, also of constraints, triggers and policies.
where (pg_identify_object_as_address(u.classid, u.objid, 0)).object_names[1] not in ('forebay', 'forebay_private')
order by dependent
limit 100
