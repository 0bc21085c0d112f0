//! `table`: writes selected fields to columns of the user's own table, one row for each reference.
//!
//! ```toml
//! table = "public.courses"
//! columns = { title = "title", seats = { field = "/enrollment/seats", type = "int" } }
//! removed = "delete"
//! publish = false
//! ```
//!
//! `type` is used only when the table is created; the default is `text`. `removed = "mark"` keeps the row of a removed
//! reference and sets its column `removed_at`. A table that Forebay creates is closed to the roles of a web API unless
//! `publish` opens it for reading.
//!
//! A batch is one statement. If the database rejects it for any reason, the batch is halved repeatedly until the rows
//! that it rejects are isolated, so one bad row fails only its own hand-off. If the table cannot be written at all, or
//! all rows are rejected alike for a reason other than their data, that is an error of the pipeline.

mod rejection;

use std::sync::{Arc, Mutex, PoisonError};

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    ServerError,
    jobs::Failure,
    pipelines::{Effect, Pipeline},
    tables::{self, ColumnName, ColumnSpec, Held, OnRemoved, TableName, TableSpec},
};
use serde_json::{Map, Value};
use tokio_postgres::Transaction;

use crate::{
    error::{Error, Result},
    work::{
        effect::Shape,
        handlers::Applied,
        settings::{self, Settings},
    },
};

/// How many statements of a batch may run into a timeout. Halving a batch down to one slow row takes about half of
/// them; if many rows are slow, the rest of the batch goes back untried.
const MAX_TIMEOUTS: usize = 16;

/// The handler, once its table is checked.
#[derive(Debug)]
pub(in crate::work) struct Table {
    pipeline_id: i32,
    spec: TableSpec,
    table: Mutex<Arc<tables::Table>>,
}

/// Reads the settings.
pub(super) fn read(mut settings: Settings) -> settings::Result<TableSpec> {
    let name =
        settings.text("table")?.ok_or_else(|| settings.wrong(&[], "the handler `table` needs `table`"))?;
    let name = TableName::parse(&name).map_err(|error| settings.wrong(&["table"], error.to_string()))?;
    let on_removed = match settings.text("removed")?.as_deref() {
        None | Some("delete") => OnRemoved::Delete,
        Some("mark") => OnRemoved::Mark,
        Some(_) => {
            return Err(settings.wrong(&["removed"], "the setting `removed` must be `delete` or `mark`"));
        }
    };
    let mut columns = Vec::new();
    for (column, value) in settings.table("columns")?.unwrap_or_default() {
        columns.push(read_column(&settings, &column, &value)?);
    }
    if columns.is_empty() {
        return Err(settings.wrong(&["columns"], "the handler `table` needs `columns`, at least one"));
    }
    Ok(TableSpec { name, columns, on_removed, publish: settings.flag("publish")?.unwrap_or(false) })
}

/// The table, the field of each column, and what happens to removed rows. A type is only used to create a column.
pub(super) fn effect(table: &TableSpec) -> Effect {
    let TableSpec { name, columns, on_removed, publish: _ } = table;
    let columns: Map<String, Value> =
        columns.iter().map(|column| (column.name.as_str().to_owned(), column.path.clone().into())).collect();
    Shape::default()
        .with("table", name.to_string(), "")
        .with("columns", columns, Value::Null)
        .with("is_marked", *on_removed == OnRemoved::Mark, false)
        .written()
}

fn read_column(settings: &Settings, column: &str, value: &Value) -> settings::Result<ColumnSpec> {
    const KNOWN: &[&str] = &["field", "type"];

    let wrong = |problem: String| settings.wrong(&["columns", column], problem);
    let name = ColumnName::parse(column).map_err(|error| wrong(error.to_string()))?;
    if column == "reference_id" || column == "removed_at" {
        return Err(wrong(format!("Forebay itself writes the column {column}")));
    }
    let (field, sql_type) = match value {
        Value::String(field) => (field.as_str(), "text"),
        Value::Object(parts) => {
            if let Some(unknown) = parts.keys().find(|key| !KNOWN.contains(&key.as_str())) {
                let problem = format!("the column {column} has no setting `{unknown}`");
                return Err(settings.wrong(&["columns", column, unknown], problem).unknown(unknown, KNOWN));
            }
            let text = |key: &str, default| parts.get(key).map_or(Some(default), Value::as_str);
            text("field", column)
                .zip(text("type", "text"))
                .ok_or_else(|| wrong(format!("`field` and `type` of the column {column} must be text")))?
        }
        _ => return Err(wrong(format!("the column {column} must name a field"))),
    };
    if !tables::is_column_type(sql_type) {
        let known = tables::COLUMN_TYPES.join(", ");
        let problem = format!("the column {column} has the type {sql_type:?}; there are {known}");
        return Err(settings.wrong(&["columns", column, "type"], problem));
    }
    let path = settings.field(&["columns", column, "field"], field)?.path().to_vec();
    Ok(ColumnSpec { name, path, sql_type: sql_type.to_owned() })
}

impl Table {
    /// Checks the table, or creates it at its first use.
    pub(super) async fn open(transaction: &Transaction<'_>, pipeline: &Pipeline) -> Result<Self> {
        let (pipeline_id, spec) = (pipeline.pipeline_id, read(Settings::of(&pipeline.spec)?)?);
        let table = tables::open(transaction, pipeline_id, &spec).await?;
        Ok(Self { pipeline_id, spec, table: Mutex::new(Arc::new(table)) })
    }

    /// The table, locked against changes of its definition.
    async fn hold(&self, transaction: &Transaction<'_>) -> Result<Arc<tables::Table>> {
        let table = Arc::clone(&self.table.lock().unwrap_or_else(PoisonError::into_inner));
        match tables::hold(transaction, &table).await? {
            Held::Same => Ok(table),
            Held::Replaced => {
                let table = Arc::new(tables::open(transaction, self.pipeline_id, &self.spec).await?);
                *self.table.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&table);
                Ok(table)
            }
        }
    }

    /// Updates the rows of `ids`.
    pub(super) async fn apply(
        &self,
        transaction: &mut Transaction<'_>,
        ids: &[ReferenceId],
    ) -> Result<Applied> {
        let table = &*self.hold(transaction).await?;
        let mut rejected = Vec::new();
        let mut parts = vec![ids];
        let mut is_probed = false;
        let mut num_timeouts = 0;
        while let Some(part) = parts.pop() {
            let Err(error) = write(transaction, table, part).await? else { continue };
            if !rejection::is_about_data(&error) && !is_probed {
                // Without rows, the same statements fail only if the table itself cannot be written.
                write(transaction, table, &[]).await?.map_err(Error::Store)?;
                is_probed = true;
                if part.len() == 1 {
                    // Somebody may have cancelled the statement, which says nothing about its row.
                    parts.push(part);
                    continue;
                }
            }
            num_timeouts += usize::from(rejection::took_too_long(&error));
            if let [id] = part {
                rejected.push((*id, error));
            } else if num_timeouts >= MAX_TIMEOUTS {
                parts.push(part);
                break;
            } else {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
        let untried: Vec<ReferenceId> = parts.into_iter().flatten().copied().collect();
        if let Some(error) = rejection::of_pipeline(ids.len(), untried.len(), &mut rejected) {
            return Err(Error::Store(error));
        }
        let mut failures = Vec::with_capacity(rejected.len());
        for (id, error) in rejected {
            failures.push(explain(transaction, table, id, &error).await?);
        }
        Ok(Applied { failures, untried })
    }
}

/// Writes part of a batch in a savepoint. The inner error means that the database rejected it and is still there.
async fn write(
    transaction: &mut Transaction<'_>,
    table: &tables::Table,
    ids: &[ReferenceId],
) -> Result<std::result::Result<(), forebay_store::Error>> {
    let savepoint = transaction.transaction().await.map_err(forebay_store::Error::from)?;
    let written = match tables::upsert(&savepoint, table, ids).await {
        Ok(_) => tables::remove(&savepoint, table, ids).await,
        Err(error) => Err(error),
    };
    match written {
        Ok(_) => {
            savepoint.commit().await.map_err(forebay_store::Error::from)?;
            Ok(Ok(()))
        }
        Err(error) if error.server().is_some_and(ServerError::is_of_statement) => {
            savepoint.rollback().await.map_err(forebay_store::Error::from)?;
            Ok(Err(error))
        }
        Err(error) => Err(Error::Store(error)),
    }
}

/// Describes the rejection without the value, which may not belong in logs.
async fn explain(
    transaction: &mut Transaction<'_>,
    table: &tables::Table,
    id: ReferenceId,
    error: &forebay_store::Error,
) -> Result<Failure> {
    let refused = if rejection::is_about_a_value(error) {
        tables::refused_column(transaction, table, id).await?
    } else {
        None
    };
    Ok(rejection::failure_of(id, error, refused))
}
