//! Profiles: views, and a table that services write, in a schema of the user's own, with the names and shapes that
//! existing code expects; and what a web API exposes.
//!
//! The statements of a profile are in `profiles/` beside the migrations; the functions behind the table are in the
//! migration `profiles`. A profile can be created again at any time, which brings it up to date. Its relations are
//! recognised by their comments; another relation of the same name is never replaced.

use forebay_domain::scope::Scope;
use jiff::Timestamp;
use tokio_postgres::{Client, GenericClient, Row, types::Type};

use crate::{
    error::{Error, Result},
    own_relations::{Own, close, ensure_schema, found, refuse_other_roles},
    row::ReadRow,
    tables::{ColumnName, SchemaName, literal},
};

/// The columns of the freshness table besides those of the scope.
const SYNC_COLUMNS: [&str; 6] =
    ["id", "entity_type", "last_sync", "sync_status", "error_message", "created_at"];

forebay_domain::words! {
    /// A profile that can be created.
    pub enum ProfileName {
        /// Revisions, runs, logs and breakers, as views.
        Events = "events",
        /// The freshness ledger, as a table that services write.
        Freshness = "freshness",
        /// What a web API exposes of published sources, as views with computed relationships.
        Api = "api",
    }
}

/// The schema of the profile `api`, unless another one is named.
pub const API_SCHEMA: &str = "forebay_api";

impl ProfileName {
    /// The names of its views and tables.
    pub fn relations(self) -> &'static [&'static str] {
        match self {
            Self::Events => &["event_revisions", "scraping_runs", "scraping_logs", "circuit_breaker_state"],
            Self::Freshness => &["sync_metadata"],
            Self::Api => &["references", "revisions", "runs", "freshness", "sources"],
        }
    }

    /// The names of its functions.
    fn functions(self) -> &'static [&'static str] {
        match self {
            Self::Events | Self::Freshness => &[],
            Self::Api => &["find_reference", "reference", "revisions", "run", "source"],
        }
    }

    fn own(self) -> Own {
        Own { mark: format!("Forebay profile {self}:"), functions: self.functions(), refused }
    }
}

/// A profile in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: ProfileName,
    /// The schema that contains its relations.
    pub schema: String,
    /// Its views and tables.
    pub relations: Vec<String>,
    /// The keys of scopes that are columns of its table, in order.
    pub scope_columns: Vec<String>,
    /// When it was first created.
    pub created_at: Timestamp,
}

/// The columns for the keys of scopes, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeColumns(Vec<ColumnName>);

impl ScopeColumns {
    /// Checks the names: each is a key of a scope and the name of no other column. Error: `name_refused`.
    pub fn parse(names: &[String]) -> Result<Self> {
        let refused = |name: &str, reason| Error::NameRefused { name: name.to_owned(), reason };
        let mut columns: Vec<ColumnName> = Vec::new();
        for name in names {
            let column = ColumnName::parse(name)?;
            if Scope::parse([format!("{name}=")]).is_err() || name.contains('=') {
                return Err(refused(name, "a scope's key has only letters, digits, `_`, `.` and `-`"));
            }
            if SYNC_COLUMNS.contains(&name.as_str()) {
                return Err(refused(name, "sync_metadata has another column of that name"));
            }
            if columns.contains(&column) {
                return Err(refused(name, "it is given twice"));
            }
            columns.push(column);
        }
        if columns.is_empty() {
            return Err(refused("", "sync_metadata needs a column for a scope's key"));
        }
        Ok(Self(columns))
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(ColumnName::as_str).collect()
    }
}

/// Creates the views of revisions, runs, logs and breakers in a schema, or brings them up to date. A missing schema is
/// created.
///
/// Errors: `profile_refused`, without a change: a relation there has one of the names but is not the profile's, or the
/// current role is not the owner of Forebay's tables.
pub async fn create_events(client: &mut Client, schema: &SchemaName) -> Result<Profile> {
    let statements = include_str!("../profiles/events.sql").replace("{schema}", &schema.to_string());
    create(client, ProfileName::Events, schema, &[], &statements).await
}

/// Creates the table of the freshness ledger in a schema, or brings it up to date. A missing schema is created.
///
/// Errors, without a change: as for [`create_events`], and `profile_refused` if the table exists with other columns.
pub async fn create_freshness(
    client: &mut Client,
    schema: &SchemaName,
    columns: &ScopeColumns,
) -> Result<Profile> {
    let each =
        |write: &dyn Fn(&ColumnName) -> String| columns.0.iter().map(write).collect::<Vec<_>>().join(", ");
    let statements = include_str!("../profiles/freshness.sql")
        .replace("{schema}", &schema.to_string())
        .replace("{definitions}", &each(&|column| format!("{column} text")))
        .replace("{columns}", &each(&ColumnName::to_string))
        // A scope's key contains no quote.
        .replace("{arguments}", &each(&|column| format!("'{}'", column.as_str())));
    create(client, ProfileName::Freshness, schema, &columns.names(), &statements).await
}

/// Creates the views and functions that a web API exposes in a schema, or brings them up to date. A missing schema is
/// created.
///
/// Errors: those of [`create_events`].
pub async fn create_api(client: &mut Client, schema: &SchemaName) -> Result<Profile> {
    create(client, ProfileName::Api, schema, &[], &api_statements(schema)).await
}

fn api_statements(schema: &SchemaName) -> String {
    include_str!("../profiles/api.sql").replace("{schema}", &schema.to_string())
}

/// The statements that create the profile `api` without this program, after the migrations. Safe to run again.
pub fn api_script(schema: &SchemaName) -> String {
    let name = literal(schema.as_str());
    let relations = ProfileName::Api.relations().join(",");
    format!(
        "create schema if not exists {schema};\n\n{}\n\
         insert into forebay.profiles (schema_name, name, relations)\n    values ({name}, 'api', '{{{relations}}}')\n    \
         on conflict (schema_name, name) do update set relations = excluded.relations;\n\
         select forebay_private.open_profile({name});\n",
        api_statements(schema)
    )
}

/// The statements that drop it again. The schema stays.
pub fn api_rollback(schema: &SchemaName) -> String {
    format!("select forebay_private.drop_profile({}, 'api');\n", literal(schema.as_str()))
}

/// All profiles, by schema and name.
pub async fn list(client: &impl GenericClient) -> Result<Vec<Profile>> {
    let statement = "select p.* from forebay.profiles as p order by p.schema_name, p.name";
    client.query_typed(statement, &[]).await?.iter().map(from_row).collect()
}

/// Drops a profile's views or table; the schema and the ledger stay. `None`: there is no such profile.
///
/// Errors: the server refuses to drop a view that another one uses.
pub async fn drop(client: &mut Client, name: ProfileName, schema: &SchemaName) -> Result<Option<Profile>> {
    let transaction = client.transaction().await?;
    let parameters = [(&schema.as_str() as _, Type::TEXT), (&name.as_str() as _, Type::TEXT)];
    let statement =
        "select p.* from forebay.profiles as p where p.schema_name = $1 and p.name = $2 for update";
    let Some(row) = transaction.query_typed_opt(statement, &parameters).await? else { return Ok(None) };
    transaction.query_typed("select forebay_private.drop_profile($1, $2)", &parameters).await?;
    let profile = from_row(&row)?;
    transaction.commit().await?;
    Ok(Some(profile))
}

async fn create(
    client: &mut Client,
    name: ProfileName,
    schema: &SchemaName,
    scope_columns: &[&str],
    statements: &str,
) -> Result<Profile> {
    let transaction = client.transaction().await?;
    // Functions of the same names in other schemas must not get into the views.
    transaction.batch_execute("set local search_path = pg_catalog, pg_temp").await?;
    let own = name.own();
    // The triggers of the table run with the rights of the ledger's owner, who must therefore own the table as well.
    refuse_other_roles(&transaction, &own, "sync_metadata").await?;
    // A concurrent transaction that writes the ledger doesn't see the profile yet, so its entry would be missing there.
    transaction.batch_execute("lock table forebay.sync_metadata in share row exclusive mode").await?;
    ensure_schema(&transaction, schema).await?;
    let declare = "insert into forebay.profiles as p (schema_name, name, relations, scope_columns) \
         values ($1, $2, $3, $4) on conflict (schema_name, name) do update \
         set relations = excluded.relations where p.scope_columns = excluded.scope_columns returning p.*";
    let row = transaction
        .query_typed_opt(
            declare,
            &[
                (&schema.as_str(), Type::TEXT),
                (&name.as_str(), Type::TEXT),
                (&name.relations(), Type::TEXT_ARRAY),
                (&scope_columns, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    let Some(row) = row else {
        let reason = "has other columns for scopes; drop the profile before creating it with these";
        return Err(refused(format!("{}.sync_metadata", schema.as_str()), reason.to_owned()));
    };
    let found = found(&transaction, &own, schema, name.relations()).await?;
    for relation in &found {
        relation.check(&own, schema)?;
        let is_missing = |column: &&&str| !relation.columns.iter().any(|found| found == **column);
        if let Some(column) = scope_columns.iter().find(is_missing) {
            let relation = format!("{}.{}", schema.as_str(), relation.name);
            return Err(refused(relation, format!("has no column {column}")));
        }
    }
    transaction.batch_execute(statements).await?;
    if name == ProfileName::Api {
        open(&transaction, schema.as_str()).await?;
    } else {
        let is_new = |relation: &&&str| !found.iter().any(|found| found.name == **relation);
        let new: Vec<&str> = name.relations().iter().filter(is_new).copied().collect();
        close(&transaction, schema, &new, &[]).await?;
    }
    let profile = from_row(&row)?;
    transaction.commit().await?;
    Ok(profile)
}

/// Opens the profile `api` to the roles that read an API.
async fn open(client: &impl GenericClient, schema: &str) -> Result<()> {
    client.query_typed("select forebay_private.open_profile($1)", &[(&schema, Type::TEXT)]).await?;
    Ok(())
}

/// Opens each profile `api` to the roles that exist now. Does nothing if the schema is older than profiles.
pub(crate) async fn open_all(client: &impl GenericClient) -> Result<()> {
    let exists = "select to_regprocedure('forebay_private.open_profile(text)') is not null as exists";
    if !client.query_typed_one(exists, &[]).await?.read("exists")? {
        return Ok(());
    }
    for profile in list(client).await?.iter().filter(|profile| profile.name == ProfileName::Api) {
        open(client, &profile.schema).await?;
    }
    Ok(())
}

fn from_row(row: &Row) -> Result<Profile> {
    Ok(Profile {
        name: row.word("name")?,
        schema: row.read("schema_name")?,
        relations: row.read("relations")?,
        scope_columns: row.read("scope_columns")?,
        created_at: row.read("created_at")?,
    })
}

fn refused(relation: String, reason: String) -> Error {
    Error::ProfileRefused { relation, reason }
}
