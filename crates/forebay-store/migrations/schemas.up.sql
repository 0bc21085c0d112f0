-- The schemas and the history of migrations, before the first migration. Safe to run again.
--
-- A schema or a history of another role is refused: its owner could replace tables by tables with triggers, which run
-- with the rights of every role that writes. Schemas that exist are used, so this doesn't need the right to create any.
do $$
declare
    planted record;
begin
    with recursive
    -- The current role and those whose rights it inherits. Not pg_has_role, which is true for every superuser.
    ours as (
        select r.oid from pg_roles as r where r.rolname = current_user
        union
        select m.roleid
        from ours as o
        join pg_auth_members as m on m.member = o.oid
        -- From Postgres 16 on, a role that creates another is its member without its rights. Before, all inherit.
        where coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
    ),
    existing as (
        select 'schema ' || n.nspname as name, n.nspowner as owner
        from pg_namespace as n
        where n.nspname in ('forebay', 'forebay_private')
        union all
        select 'table forebay.schema_migrations', c.relowner
        from pg_class as c
        where c.oid = to_regclass('forebay.schema_migrations')
    )
    select e.name, pg_get_userbyid(e.owner) as owner into planted
    from existing as e
    where e.owner not in (select o.oid from ours as o)
    order by e.name
    limit 1;
    if planted.name is not null then
        raise insufficient_privilege using
            message = format('schema_foreign: the %s belongs to the role %I, whose rights the current role %I does not have',
                planted.name, planted.owner, current_user),
            hint = format('connect as %I, or run: alter %s owner to %I', planted.owner, planted.name, current_user);
    end if;

    if to_regnamespace('forebay') is null then
        create schema forebay;
    end if;
    if to_regnamespace('forebay_private') is null then
        create schema forebay_private;
    end if;
    if to_regclass('forebay.schema_migrations') is null then
        comment on schema forebay is 'What Forebay stores; see its documentation for who may write what.';
        comment on schema forebay_private is 'Internal functions of Forebay; applications don''t call them.';
        create table forebay.schema_migrations (
            version int primary key,
            name text not null,
            checksum text not null,
            applied_at timestamptz not null default now()
        );
        comment on table forebay.schema_migrations is 'The migrations of Forebay that were applied to this database.';
        comment on column forebay.schema_migrations.version is 'Its number.';
        comment on column forebay.schema_migrations.name is 'Its name.';
        comment on column forebay.schema_migrations.checksum is 'SHA-256 of its statements.';
        comment on column forebay.schema_migrations.applied_at is 'When it was applied.';
    end if;
end $$;
