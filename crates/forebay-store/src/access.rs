//! Roles and policies: who may read and write Forebay's tables.
//!
//! The rules are those of the migration `access`, which apply to the roles that exist. They are applied again after
//! each migration, for what was added since: a role, a table, or a grant that should not be there.

use tokio_postgres::{Client, GenericClient};

use crate::{error::Result, profiles, row::ReadRow};

/// Creates the roles that Supabase has, and `auth.jwt()`, where they are missing.
const CREATE_ROLES: &str = include_str!("access/create_roles.sql");

/// Applies the rules. Does nothing if the schema is older than they are.
pub(crate) async fn apply(client: &impl GenericClient) -> Result<()> {
    let exists = "select to_regprocedure('forebay_private.apply_access()') is not null as exists";
    if client.query_typed_one(exists, &[]).await?.read("exists")? {
        client.query_typed("select forebay_private.apply_access()", &[]).await?;
    }
    profiles::open_all(client).await
}

/// Creates the roles `anon`, `authenticated` and `service_role` and the function `auth.jwt()` where they are missing,
/// as Supabase has them, and gives them their policies. Existing ones are left as they are. The schema must be current.
///
/// Error: the current role may not create roles.
pub async fn create_roles(client: &mut Client) -> Result<()> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(CREATE_ROLES).await?;
    apply(&transaction).await?;
    Ok(transaction.commit().await?)
}

/// A right that a role of a web API has on something of Forebay's and should not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrayGrant {
    /// `table`, `sequence` or `function`.
    pub kind: String,
    /// Its name, as SQL.
    pub object: String,
    /// The role; `public`: every role.
    pub grantee: String,
}

/// The grants that `forebay db up` would take back, by role and name.
pub async fn stray_grants(client: &impl GenericClient) -> Result<Vec<StrayGrant>> {
    let statement =
        "select g.kind, g.object_name, g.grantee from forebay_private.stray_grants() as g order by 3, 1, 2";
    let rows = client.query_typed(statement, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(StrayGrant {
                kind: row.read("kind")?,
                object: row.read("object_name")?,
                grantee: row.read("grantee")?,
            })
        })
        .collect()
}

/// The tables and partitions of Forebay without row-level security, by name.
pub async fn open_tables(client: &impl GenericClient) -> Result<Vec<String>> {
    let statement = "select c.oid::regclass::text as name from pg_class as c \
         where c.relnamespace = 'forebay'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity \
             and c.relowner = (select s.relowner from pg_class as s where s.oid = 'forebay.sources'::regclass) \
         order by 1";
    client.query_typed(statement, &[]).await?.iter().map(|row| row.read("name")).collect()
}
