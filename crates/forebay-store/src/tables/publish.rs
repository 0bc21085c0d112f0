//! Access to the tables that Forebay creates for pipelines: closed to the roles of web APIs, or open for reading.
//!
//! On Supabase, default privileges grant every new table in `public` to the roles of the API, and without row-level
//! security those could change its rows. So a new table is closed, and publishing opens it for reading only.

use tokio_postgres::{Transaction, types::Type};

use super::spec::{OnRemoved, TableSpec};
use crate::{error::Result, row::ReadRow};

/// The policy that lets the roles of an API read.
const POLICY: &str = "forebay_published";

/// Turns on row-level security for a new table, and takes back what default privileges granted to roles of an API.
pub(super) async fn close(transaction: &Transaction<'_>, spec: &TableSpec) -> Result<()> {
    let name = &spec.name;
    let grantees = [&["public".to_owned()], api_roles(transaction).await?.as_slice()].concat().join(", ");
    let statement =
        format!("alter table {name} enable row level security; revoke all on {name} from {grantees}");
    Ok(transaction.batch_execute(&statement).await?)
}

/// Publishes the table or ends that, as the specification says. Does nothing if it is so already.
pub(super) async fn apply(transaction: &Transaction<'_>, spec: &TableSpec) -> Result<()> {
    let (name, schema) = (&spec.name, spec.name.quoted_schema());
    let is_shown = match spec.on_removed {
        OnRemoved::Delete => "true",
        OnRemoved::Mark => "(removed_at IS NULL)",
    };
    let roles = api_roles(transaction).await?;
    let wanted = (spec.publish && !roles.is_empty()).then_some(is_shown);
    let statement = "select pg_get_expr(y.polqual, y.polrelid) as condition from pg_policy as y \
         where y.polrelid = to_regclass($1) and y.polname = $2";
    let found = transaction
        .query_typed_opt(statement, &[(&name.to_string(), Type::TEXT), (&POLICY, Type::TEXT)])
        .await?;
    let found: Option<String> = found.map(|row| row.read("condition")).transpose()?;
    if found.as_deref() == wanted {
        return Ok(());
    }
    if found.is_some() {
        transaction.batch_execute(&format!("drop policy {POLICY} on {name}")).await?;
    }
    let roles = roles.join(", ");
    let statement = match wanted {
        Some(condition) => format!(
            "create policy {POLICY} on {name} for select to {roles} using ({condition}); \
             grant usage on schema {schema} to {roles}; grant select on {name} to {roles}"
        ),
        None => format!("revoke all on {name} from {roles}"),
    };
    Ok(transaction.batch_execute(&statement).await?)
}

/// The roles of a web API that exist, of people who may be anyone.
async fn api_roles(transaction: &Transaction<'_>) -> Result<Vec<String>> {
    let statement = "select r.rolname::text as name from pg_roles as r \
         where r.rolname in ('anon', 'authenticated') order by 1";
    transaction.query_typed(statement, &[]).await?.iter().map(|row| row.read("name")).collect()
}
