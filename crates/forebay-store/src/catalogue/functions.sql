-- The functions of the schemas $1 that a client can call: no procedures, aggregates and triggers.
select n.nspname::text as schema, p.proname::text as name, pg_get_function_arguments(p.oid) as signature,
    pg_get_function_result(p.oid) as result, p.prorettype as type_id, p.proretset as is_set,
    p.proretset and p.prorows > 1 as returns_many, coalesce(p.proallargtypes, p.proargtypes::oid[]) as type_ids,
    -- NULL: all are input, none has a name.
    p.proargmodes::text[] as modes, p.proargnames as names,
    p.pronargs as num_inputs, p.pronargdefaults as num_defaults
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where n.nspname = any ($1) and p.prokind = 'f' and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
order by p.oid
