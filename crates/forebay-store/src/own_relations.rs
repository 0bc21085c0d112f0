//! Views and tables that Forebay makes in a schema of the user's own.
//!
//! They are recognised by their comments and their owner; another relation of the same name is never replaced. A new
//! one is closed to the roles of a web API.

use tokio_postgres::{Transaction, types::Type};

use crate::{
    error::{Error, Result},
    row::ReadRow,
    tables::SchemaName,
};

/// What a set of relations belongs to.
pub(crate) struct Own {
    /// How the comments of its relations begin.
    pub(crate) mark: String,
    /// The names of its functions.
    pub(crate) functions: &'static [&'static str],
    /// The error about a relation, with the reason.
    pub(crate) refused: fn(relation: String, reason: String) -> Error,
}

/// A relation or function that has a name of the set.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    is_marked: bool,
    is_ours: bool,
}

impl Found {
    /// Whether it is one of the set.
    pub(crate) fn is_own(&self) -> bool {
        self.is_marked && self.is_ours
    }

    /// Refuses a relation that is not one of the set.
    pub(crate) fn check(&self, own: &Own, schema: &SchemaName) -> Result<()> {
        if self.is_own() {
            return Ok(());
        }
        let relation = format!("{}.{}", schema.as_str(), self.name);
        Err((own.refused)(relation, format!("exists and is not part of the {}", own.what())))
    }
}

impl Own {
    /// `profile` or `entity`: the second word of the mark.
    fn what(&self) -> &str {
        self.mark.split(' ').nth(1).unwrap_or_default()
    }
}

/// The relations in a schema that have one of these names, and the functions that have a name of the set.
pub(crate) async fn found(
    transaction: &Transaction<'_>,
    own: &Own,
    schema: &SchemaName,
    names: &[impl AsRef<str>],
) -> Result<Vec<Found>> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let parameters = [
        (&schema.as_str() as _, Type::TEXT),
        (&names as _, Type::TEXT_ARRAY),
        (&own.mark as _, Type::TEXT),
        (&own.functions as _, Type::TEXT_ARRAY),
    ];
    let rows = transaction.query_typed(include_str!("own_relations/found.sql"), &parameters).await?;
    rows.iter()
        .map(|row| {
            Ok(Found {
                name: row.read("name")?,
                is_marked: row.read("is_marked")?,
                is_ours: row.read("is_ours")?,
                columns: row.read("columns")?,
            })
        })
        .collect()
}

/// Refuses a role that does not own a table of Forebay's.
pub(crate) async fn refuse_other_roles(transaction: &Transaction<'_>, own: &Own, table: &str) -> Result<()> {
    let statement = "select c.relowner::regrole::text as owner, c.relowner = r.oid as is_owner \
         from pg_class as c, pg_roles as r \
         where c.relnamespace = 'forebay'::regnamespace and c.relname = $1 and r.rolname = current_user";
    let row = transaction.query_typed_one(statement, &[(&table, Type::TEXT)]).await?;
    if row.read("is_owner")? {
        return Ok(());
    }
    let reason = format!("belongs to the role {}; connect as that role", row.read::<String>("owner")?);
    Err((own.refused)(format!("forebay.{table}"), reason))
}

/// Creates a schema if it is missing.
pub(crate) async fn ensure_schema(transaction: &Transaction<'_>, schema: &SchemaName) -> Result<()> {
    let statement = "select exists (select from pg_namespace where nspname = $1) as exists";
    let row = transaction.query_typed_one(statement, &[(&schema.as_str(), Type::TEXT)]).await?;
    if !row.read::<bool>("exists")? {
        transaction.batch_execute(&format!("create schema {schema}")).await?;
    }
    Ok(())
}

/// Takes back what the default privileges of an exposed schema grant to the roles of a web API. The service role may
/// use the relations, and those among `readers` that exist may read them.
pub(crate) async fn close(
    transaction: &Transaction<'_>,
    schema: &SchemaName,
    relations: &[&str],
    readers: &[&str],
) -> Result<()> {
    let parameters = [
        (&schema.as_str() as _, Type::TEXT),
        (&relations as _, Type::TEXT_ARRAY),
        (&readers as _, Type::TEXT_ARRAY),
    ];
    for row in transaction.query_typed(include_str!("own_relations/access.sql"), &parameters).await? {
        transaction.batch_execute(row.read("statement")?).await?;
    }
    Ok(())
}
