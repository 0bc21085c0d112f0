//! Rights on the tables that pipelines write.

use std::sync::LazyLock;

const PIPELINE_TABLES: &str = include_str!("pipeline_tables.sql");
/// Whether row-level security lets this role write nothing into the table `c`.
const IS_SHUT_OUT: &str = "(row_security_active(c.oid) and not exists ( \
     select from pg_policy as y where y.polrelid = c.oid and y.polcmd in ('*', 'a')))";

/// Tables that enabled pipelines write, and the rights on them that this role lacks. With row-level security, a role
/// that doesn't own the table also needs a policy for writing.
pub(super) static TARGETS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select p.pipeline, p.schema_name || '.' || p.table_name as table_name, \
             concat_ws(', ', case when not has_table_privilege(c.oid, 'select') then 'select' end, \
                 case when not has_table_privilege(c.oid, 'insert') then 'insert' end, \
                 case when not has_table_privilege(c.oid, 'update') then 'update' end, \
                 case when not has_table_privilege(c.oid, 'delete') then 'delete' end, \
                 case when {IS_SHUT_OUT} then 'a policy' end) as missing \
         from ({PIPELINE_TABLES}) as p \
         join pg_namespace as n on n.nspname = p.schema_name \
         join pg_class as c on c.relnamespace = n.oid and c.relname = p.table_name \
         where p.enabled \
             and not (has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') \
                 and has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'update') \
                 and has_table_privilege(c.oid, 'delete') and not {IS_SHUT_OUT}) \
         order by p.pipeline"
    )
});

/// Tables that enabled pipelines have filled and that are gone, or replaced by another table.
pub(super) static GONE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select p.pipeline, p.schema_name || '.' || p.table_name as table_name, c.oid is not null as is_replaced \
         from ({PIPELINE_TABLES}) as p \
         join forebay.pipelines as f on f.name = p.pipeline \
         left join (pg_class as c join pg_namespace as n on n.oid = c.relnamespace) \
             on n.nspname = p.schema_name and c.relname = p.table_name \
         where p.enabled and f.target_oid <> coalesce(c.oid, 0::oid) \
             and f.target_table = concat('\"', p.schema_name, '\".\"', p.table_name, '\"') \
         order by p.pipeline"
    )
});

/// Targets of pipelines that roles of a web API can write: with a right, and without row-level security that would
/// refuse it. Row-level security doesn't apply to truncate.
pub(super) static EXPOSED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "select distinct r.role_name, p.schema_name || '.' || p.table_name as table_name \
         from (values ('anon'), ('authenticated')) as r (role_name) \
         join pg_roles as g on g.rolname = r.role_name \
         cross join ({PIPELINE_TABLES}) as p \
         join pg_namespace as n on n.nspname = p.schema_name \
         join pg_class as c on c.relnamespace = n.oid and c.relname = p.table_name \
         where c.relkind in ('r', 'p') \
             and has_schema_privilege(g.oid, n.oid, 'usage') \
             and (has_table_privilege(g.oid, c.oid, 'truncate') \
                 or (has_table_privilege(g.oid, c.oid, 'insert, update, delete') \
                     and (not c.relrowsecurity \
                         or exists (select from pg_policy as y where y.polrelid = c.oid and y.polcmd <> 'r')))) \
         order by r.role_name, 2"
    )
});
