//! The user's own table: selected fields of references as columns, one row for each reference, keyed by
//! `reference_id`.
//!
//! Names come from the configuration and are [checked](TableName); paths into the payload are parameters; types come
//! from the catalogue. The payload never leaves the database: one statement for each batch reads it from the
//! references, casts it, and writes the rows.

mod hold;
mod name;
mod publish;
mod spec;
mod verify;

use std::fmt::Write;

use forebay_domain::identity::ReferenceId;
use tokio_postgres::{
    GenericClient, Transaction,
    types::{ToSql, Type},
};

use self::hold::Identity;
use crate::{
    error::{Error, Result},
    row::ReadRow,
    types::{SqlId, sql_ids},
};

pub use hold::{Held, hold};
pub(crate) use name::literal;
pub use name::{ColumnName, SchemaName, TableName};
pub use spec::{COLUMN_TYPES, ColumnSpec, OnRemoved, TableSpec, is_column_type};
pub use verify::{extra_page, is_gone, verify_page};

const COLUMNS: &str = include_str!("tables/columns.sql");
const IS_KEYED: &str = include_str!("tables/is_keyed.sql");

/// A checked table with its statements.
#[derive(Clone, Debug)]
pub struct Table {
    pipeline_id: i32,
    /// Quoted.
    name: String,
    identity: Identity,
    on_removed: OnRemoved,
    columns: Vec<Column>,
    upsert: String,
    remove: String,
}

#[derive(Clone, Debug)]
struct Column {
    name: ColumnName,
    sql_type: String,
    path: Vec<String>,
    /// The expression of a value from `r.payload` with the path in parameter `$2`.
    sole_value: String,
}

impl Table {
    /// The columns that are written besides the key.
    fn written(&self) -> impl Iterator<Item = &str> {
        written(self.columns.iter().map(|column| &column.name), self.on_removed)
    }

    fn plain_name(&self) -> String {
        plain(&self.name)
    }
}

fn written<'a>(
    columns: impl Iterator<Item = &'a ColumnName>,
    on_removed: OnRemoved,
) -> impl Iterator<Item = &'a str> {
    columns.map(ColumnName::as_str).chain((on_removed == OnRemoved::Mark).then_some("removed_at"))
}

fn plain(quoted: &str) -> String {
    quoted.replace('"', "")
}

/// Checks that the table can be written. Creates it if the pipeline uses it for the first time and it doesn't exist.
/// What it created, it publishes or closes as the specification says.
///
/// Errors: `table_unusable`; `table_gone`, if the pipeline has used a table of this name, and it is gone or another one
/// has the name now.
pub async fn open(transaction: &Transaction<'_>, pipeline_id: i32, spec: &TableSpec) -> Result<Table> {
    let table = spec.name.to_string();
    let unusable = |reason: String| Error::TableUnusable { table: plain(&table), reason };
    let names: Vec<&str> = written(spec.columns.iter().map(|column| &column.name), spec.on_removed).collect();
    let mut identity = Identity::read(transaction, pipeline_id, &table, &names).await?;
    if identity.is_gone() {
        return Err(Error::TableGone { table: plain(&table), is_replaced: identity.oid.is_some() });
    }
    if identity.oid.is_none() {
        let is_own = create(transaction, spec).await?;
        identity = Identity::read(transaction, pipeline_id, &table, &names).await?;
        identity.is_own |= is_own;
    }
    let is_keyed = transaction.query_typed_one(IS_KEYED, &[(&table, Type::TEXT)]).await?;
    if !is_keyed.read::<bool>("is_keyed")? {
        return Err(unusable(
            "it has no column reference_id of type uuid that is its primary key or unique".into(),
        ));
    }
    let rows = transaction.query_typed(COLUMNS, &[(&table, Type::TEXT)]).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push((
            row.read::<String>("name")?,
            row.read::<String>("sql_type")?,
            row.read::<String>("category")?,
            row.read::<String>("type_name")?,
        ));
    }
    let mut columns = Vec::with_capacity(spec.columns.len());
    let mut values = Vec::with_capacity(spec.columns.len());
    for (index, column) in spec.columns.iter().enumerate() {
        let name = column.name.as_str();
        let Some((_, sql_type, category, type_name)) = found.iter().find(|found| found.0 == name) else {
            return Err(unusable(format!("it has no writable column {name}")));
        };
        // The first parameter contains the ids.
        values.push(value(sql_type, category, type_name, index + 2));
        columns.push(Column {
            name: column.name.clone(),
            sql_type: sql_type.clone(),
            path: column.path.clone(),
            sole_value: value(sql_type, category, type_name, 2),
        });
    }
    if spec.on_removed == OnRemoved::Mark {
        let is_there = found.iter().any(|found| found.0 == "removed_at" && found.3.starts_with("timestamp"));
        if !is_there {
            return Err(unusable("it has no column removed_at of type timestamptz".into()));
        }
    }
    if identity.used_oid.is_none() {
        adopt(transaction, pipeline_id, &table, identity.is_own).await?;
    }
    if identity.is_own {
        publish::apply(transaction, spec).await?;
    } else if spec.publish {
        return Err(unusable(
            "Forebay did not create it, so `publish` can't apply: grant rights on it and create its policies yourself".into(),
        ));
    }
    Ok(Table {
        pipeline_id,
        identity,
        on_removed: spec.on_removed,
        upsert: upsert_statement(&table, &columns, &values, spec.on_removed),
        remove: remove_statement(&table, spec.on_removed),
        columns,
        name: table,
    })
}

/// Creates the table again if the pipeline has used it and it is gone, or takes over the one that has its name now, and
/// makes everything that was written to it outdated. Returns whether it did.
pub async fn recreate(transaction: &Transaction<'_>, pipeline_id: i32, spec: &TableSpec) -> Result<bool> {
    if !is_gone(transaction, pipeline_id, &spec.name).await? {
        return Ok(false);
    }
    let is_own = create(transaction, spec).await?;
    adopt(transaction, pipeline_id, &spec.name.to_string(), is_own).await?;
    // What still waits is for the new table.
    let statement = "with waiting as ( \
             update forebay.ingestion_handoffs set enqueued_at = now() where pipeline_id = $1 and receipt is null \
         ) \
         update forebay.pipelines set configured_at = now(), repair_began_at = now() where pipeline_id = $1";
    transaction.execute_typed(statement, &[(&pipeline_id, Type::INT4)]).await?;
    Ok(true)
}

/// Remembers which table the pipeline uses, and whether Forebay created it.
async fn adopt(transaction: &Transaction<'_>, pipeline_id: i32, table: &str, is_own: bool) -> Result<()> {
    let statement = "update forebay.pipelines \
         set target_table = $2, target_oid = to_regclass($2)::oid, is_target_own = $3 where pipeline_id = $1";
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&pipeline_id, Type::INT4), (&table, Type::TEXT), (&is_own, Type::BOOL)];
    transaction.execute_typed(statement, &parameters).await?;
    Ok(())
}

/// Writes the rows of the active references among `ids`, and returns their number. If a column does not accept a value,
/// the whole batch fails; [`refused_column`] finds the column.
pub async fn upsert(client: &impl GenericClient, table: &Table, ids: &[ReferenceId]) -> Result<u64> {
    let ids = sql_ids(ids);
    let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> = vec![(&ids, Type::UUID_ARRAY)];
    for column in &table.columns {
        parameters.push((&column.path, Type::TEXT_ARRAY));
    }
    Ok(client.execute_typed(&table.upsert, &parameters).await?)
}

/// Deletes or marks the rows of removed references among `ids`, and returns their number.
pub async fn remove(client: &impl GenericClient, table: &Table, ids: &[ReferenceId]) -> Result<u64> {
    Ok(client.execute_typed(&table.remove, &[(&sql_ids(ids), Type::UUID_ARRAY)]).await?)
}

/// Finds the column, with its type, that does not accept a reference's value.
pub async fn refused_column(
    transaction: &mut Transaction<'_>,
    table: &Table,
    id: ReferenceId,
) -> Result<Option<(String, String)>> {
    for column in &table.columns {
        let statement = format!(
            "select ({}) is null from forebay.\"references\" as r where r.reference_id = $1",
            column.sole_value
        );
        let attempt = transaction.transaction().await?;
        let parameters: [(&(dyn ToSql + Sync), Type); 2] =
            [(&SqlId(id), Type::UUID), (&column.path, Type::TEXT_ARRAY)];
        match attempt.query_typed_opt(&statement, &parameters).await {
            Ok(_) => attempt.commit().await?,
            Err(error) if error.code().is_some_and(|code| code.code().starts_with("22")) => {
                attempt.rollback().await?;
                return Ok(Some((column.name.as_str().to_owned(), column.sql_type.clone())));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Creates the table, closed to everyone but its owner. Returns false if it exists by now.
async fn create(transaction: &Transaction<'_>, spec: &TableSpec) -> Result<bool> {
    // "if not exists" alone fails if two transactions create it at the same moment.
    let statement = "select pg_advisory_xact_lock(hashtextextended('forebay.table.' || $1, 0))";
    transaction.query_typed(statement, &[(&spec.name.to_string(), Type::TEXT)]).await?;
    // Only this statement sees what another transaction created before it got the lock.
    let exists = "select to_regclass($1) is not null as exists";
    if transaction.query_typed_one(exists, &[(&spec.name.to_string(), Type::TEXT)]).await?.read("exists")? {
        return Ok(false);
    }
    let mut columns = String::from("reference_id uuid primary key");
    for column in &spec.columns {
        if !is_column_type(&column.sql_type) {
            return Err(Error::NameRefused {
                name: column.sql_type.clone(),
                reason: "a column cannot be created with this type",
            });
        }
        append(&mut columns, format_args!(", {} {}", column.name, column.sql_type));
    }
    let has_removed_at = spec.columns.iter().any(|column| column.name.as_str() == "removed_at");
    if spec.on_removed == OnRemoved::Mark && !has_removed_at {
        columns.push_str(", removed_at timestamptz");
    }
    let (schema, name) = (spec.name.quoted_schema(), &spec.name);
    let statement = format!("create schema if not exists {schema}; create table {name} ({columns})");
    transaction.batch_execute(&statement).await?;
    publish::close(transaction, spec).await?;
    Ok(true)
}

fn upsert_statement(table: &str, columns: &[Column], values: &[String], on_removed: OnRemoved) -> String {
    let mut names = String::new();
    let mut selected = String::new();
    let mut updates = String::new();
    for (column, value) in columns.iter().zip(values) {
        let name = &column.name;
        append(&mut names, format_args!(", {name}"));
        append(&mut selected, format_args!(", {value}"));
        append(&mut updates, format_args!(", {name} = excluded.{name}"));
    }
    if on_removed == OnRemoved::Mark {
        updates.push_str(", removed_at = null");
    }
    // Sorted, so two pipelines that fill the same table don't deadlock.
    format!(
        "insert into {table} (reference_id{names}) \
         select r.reference_id{selected} \
         from unnest($1::uuid[]) as s (reference_id) \
         cross join lateral (select f.reference_id, f.payload from forebay.\"references\" as f \
             where f.reference_id = s.reference_id and f.removed_at is null offset 0) as r \
         order by s.reference_id \
         on conflict (reference_id) do update set {}",
        updates.trim_start_matches(", ")
    )
}

fn remove_statement(table: &str, on_removed: OnRemoved) -> String {
    let gone = "from unnest($1::uuid[]) as s (reference_id) \
         left join forebay.\"references\" as r using (reference_id) \
         where t.reference_id = s.reference_id and (r.reference_id is null or r.removed_at is not null)";
    match on_removed {
        OnRemoved::Delete => format!("delete from {table} as t {}", gone.replacen("from", "using", 1)),
        OnRemoved::Mark => {
            format!("update {table} as t set removed_at = coalesce(r.removed_at, now()) {gone}")
        }
    }
}

/// The expression for a value of a column's type, with its path in parameter `$parameter`.
fn value(sql_type: &str, category: &str, type_name: &str, parameter: usize) -> String {
    let text = format!("r.payload #>> ${parameter}");
    match (type_name, category) {
        ("json" | "jsonb", _) => format!("nullif(r.payload #> ${parameter}, 'null')::{sql_type}"),
        // Assignment, not a cast: a cast silently truncates text for varchar(n).
        (_, "S") => format!("({text})"),
        (_, "A") => format!(
            "case jsonb_typeof(r.payload #> ${parameter}) when 'array' \
             then array(select e.element from jsonb_array_elements_text(r.payload #> ${parameter}) \
                 with ordinality as e (element, place) order by e.place)::{sql_type} \
             else ({text})::{sql_type} end"
        ),
        _ => format!("({text})::{sql_type}"),
    }
}

fn append(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _infallible = out.write_fmt(arguments);
}
