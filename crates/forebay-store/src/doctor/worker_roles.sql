-- The roles that pipelines name for their workers, and that can't work: one row for each role.
select quote_ident(p.worker_role) as role_name, min(p.name) as pipeline, r.rolname is not null as is_there
from forebay.pipelines as p
left join pg_roles as r on r.rolname = p.worker_role
where p.worker_role is not null
    and p.enabled
    and (
        r.rolname is null
        or not has_schema_privilege(r.oid, 'forebay', 'usage')
        or exists (
            select
            from pg_proc as f
            where f.pronamespace = 'forebay'::regnamespace
                and f.proname in ('claim_jobs', 'heartbeat_jobs', 'complete_jobs', 'fail_jobs', 'release_jobs')
                and not has_function_privilege(r.oid, f.oid, 'execute'))
    )
group by p.worker_role, r.rolname
order by 1
