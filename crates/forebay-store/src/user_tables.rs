//! Tables that a project had before Forebay: their columns, keys and rows, and what their columns contain.
//!
//! It only reads, in one read-only transaction with a time limit. Names come from the catalogue, quoted by the server;
//! they may contain anything.

use std::{collections::BTreeMap, time::Duration};

use tokio_postgres::{Client, Row, Transaction, types::Type};

use crate::{
    error::Result,
    row::ReadRow,
    tables::{SchemaName, TableName},
    user_rows,
};

/// Rows of each table whose values are looked at.
pub const SAMPLE_ROWS: i64 = 10_000;
/// A table with more rows by its statistics is not counted.
const COUNT_BELOW: f32 = 100_000.0;

/// The expression of the shape of a text. A backslash would depend on the server's settings.
const TEXT_SHAPE: &str = "case
    when {value} is null then 'null'
    when {value} = '' then 'empty'
    when {value} ~ '^-?[0-9]{1,18}$' then 'integer'
    when {value} ~ '^-?[0-9]+[.][0-9]+$' then 'number'
    when {value} ~* '^(true|false)$' then 'boolean'
    when {value} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' then 'date'
    when {value} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}' then 'timestamp'
    when {value} ~* '^https?://' then 'url'
    when {value} ~ '^[[:space:]]*[{[]' then 'json'
    else 'text'
end";

/// A table or view of a user's schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Whether it is a view.
    pub is_view: bool,
    /// Its rows; an estimate for large tables. `None`: the current role may not read it.
    pub num_rows: Option<i64>,
    /// Its columns in order.
    pub columns: Vec<UserColumn>,
    /// The columns of its primary key, or else of its first unique key without nulls.
    pub key: Vec<String>,
    /// Columns that refer to another table, with that table.
    pub references: Vec<(Vec<String>, String)>,
    /// Whether row-level security is on.
    pub has_rls: bool,
    quoted: String,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserColumn {
    /// Its name.
    pub name: String,
    /// Its type in SQL.
    pub sql_type: String,
    /// Whether it accepts null.
    pub is_nullable: bool,
    /// What its values look like, with their number, in the first [`SAMPLE_ROWS`] rows. `null` and `empty` are among
    /// them. For columns of other types than text and JSON, the others are `value`.
    pub shapes: BTreeMap<String, i64>,
    quoted: String,
}

impl UserColumn {
    /// The shapes of its values, if there are several: most columns have one.
    pub fn mixed(&self) -> Option<Vec<&str>> {
        let shapes = self.filled_shapes();
        // Text that happens to look like a number is text in a column of text.
        let is_text = shapes.contains(&"text") && self.sql_type != "json" && self.sql_type != "jsonb";
        (shapes.len() > 1 && !is_text).then_some(shapes)
    }

    /// The shapes other than `null` and `empty`, in order.
    pub fn filled_shapes(&self) -> Vec<&str> {
        self.shapes.keys().map(String::as_str).filter(|shape| !matches!(*shape, "null" | "empty")).collect()
    }
}

impl UserTable {
    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&UserColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Problems with columns that should identify a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyFaults {
    /// Rows with null in one of them.
    pub num_null: i64,
    /// Keys of several rows.
    pub num_repeated: i64,
    /// Rows with such a key beyond the first of each.
    pub num_surplus: i64,
}

/// The tables and views of a schema, by name, with the shapes of their values.
pub async fn list(client: &mut Client, schema: &SchemaName, timeout: Duration) -> Result<Vec<UserTable>> {
    let transaction = begin(client, timeout).await?;
    read(&transaction, schema.as_str(), None).await
}

/// One table or view; `None`: there is none with this name.
pub async fn find(client: &mut Client, table: &TableName, timeout: Duration) -> Result<Option<UserTable>> {
    let transaction = begin(client, timeout).await?;
    let (schema, name) = table.parts();
    Ok(read(&transaction, schema, Some(name)).await?.pop())
}

/// How well columns identify the rows of a table. Reads the whole table. The table must have the columns.
pub async fn key_faults(
    client: &mut Client,
    table: &UserTable,
    columns: &[String],
    timeout: Duration,
) -> Result<KeyFaults> {
    let transaction = begin(client, timeout).await?;
    let quoted: Vec<&str> =
        columns.iter().filter_map(|name| table.column(name)).map(|column| column.quoted.as_str()).collect();
    let is_null: Vec<String> = quoted.iter().map(|column| format!("t.{column} is null")).collect();
    // As text, because JSON has no equality.
    let values: Vec<String> = quoted.iter().map(|column| format!("t.{column}::text")).collect();
    let statement = format!(
        "with keys as (select {is_null} as is_null, array[{values}] as key from {table} as t), \
         groups as (select count(*) as number from keys where not is_null group by key having count(*) > 1) \
         select (select count(*) from keys where is_null) as num_null, count(*) as num_repeated, \
         coalesce(sum(number - 1), 0)::bigint as num_surplus from groups",
        is_null = is_null.join(" or "),
        values = values.join(", "),
        table = table.quoted,
    );
    let row = transaction.query_typed_one(&statement, &[]).await?;
    Ok(KeyFaults {
        num_null: row.read("num_null")?,
        num_repeated: row.read("num_repeated")?,
        num_surplus: row.read("num_surplus")?,
    })
}

async fn begin(client: &mut Client, timeout: Duration) -> Result<Transaction<'_>> {
    let transaction = user_rows::begin(client, timeout).await?;
    transaction.batch_execute("set local search_path = pg_catalog, pg_temp").await?;
    Ok(transaction)
}

async fn read(transaction: &Transaction<'_>, schema: &str, name: Option<&str>) -> Result<Vec<UserTable>> {
    let parameters = [(&schema as _, Type::TEXT), (&name as _, Type::TEXT)];
    let rows = transaction.query_typed(include_str!("user_tables/tables.sql"), &parameters).await?;
    let mut tables = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut table = from_row(row)?;
        if row.read("is_readable")? {
            let estimate: f32 = row.read("estimate")?;
            table.num_rows = Some(count(transaction, &table, estimate).await?);
            sample(transaction, &mut table).await?;
        }
        tables.push(table);
    }
    Ok(tables)
}

#[expect(clippy::cast_possible_truncation, reason = "an estimate of rows")]
async fn count(transaction: &Transaction<'_>, table: &UserTable, estimate: f32) -> Result<i64> {
    if estimate >= COUNT_BELOW {
        return Ok(estimate as i64);
    }
    let statement = format!("select count(*) as num_rows from {}", table.quoted);
    transaction.query_typed_one(&statement, &[]).await?.read("num_rows")
}

/// Counts the shapes of values in the first rows.
async fn sample(transaction: &Transaction<'_>, table: &mut UserTable) -> Result<()> {
    if table.columns.is_empty() {
        return Ok(());
    }
    let shapes: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(index, column)| format!("({index}, {})", shape(column)))
        .collect();
    let statement = format!(
        "select s.place, s.shape, count(*) as number from (select * from {} limit {SAMPLE_ROWS}) as t \
         cross join lateral (values {}) as s (place, shape) group by 1, 2",
        table.quoted,
        shapes.join(", ")
    );
    for row in transaction.query_typed(&statement, &[]).await? {
        let place: i32 = row.read("place")?;
        if let Some(column) = usize::try_from(place).ok().and_then(|place| table.columns.get_mut(place)) {
            column.shapes.insert(row.read("shape")?, row.read("number")?);
        }
    }
    Ok(())
}

/// The expression of a value's shape.
fn shape(column: &UserColumn) -> String {
    let value = format!("t.{}", column.quoted);
    match column.sql_type.as_str() {
        "json" | "jsonb" => {
            format!("case when {value} is null then 'null' else {}_typeof({value}) end", column.sql_type)
        }
        "text" | "character varying" => TEXT_SHAPE.replace("{value}", &value),
        _ => format!("case when {value} is null then 'null' else 'value' end"),
    }
}

fn from_row(row: &Row) -> Result<UserTable> {
    let names: Vec<String> = row.read("column_names")?;
    let quoted: Vec<String> = row.read("quoted_columns")?;
    let types: Vec<String> = row.read("column_types")?;
    let nullable: Vec<bool> = row.read("are_nullable")?;
    let columns = names.into_iter().zip(quoted).zip(types).zip(nullable);
    let referring: Vec<String> = row.read("referring_columns")?;
    let referred: Vec<String> = row.read("referred_tables")?;
    let split = |columns: String| columns.split('\u{1f}').map(str::to_owned).collect();
    Ok(UserTable {
        schema: row.read("schema_name")?,
        name: row.read("name")?,
        is_view: row.read("is_view")?,
        num_rows: None,
        columns: columns
            .map(|(((name, quoted), sql_type), is_nullable)| UserColumn {
                name,
                sql_type,
                is_nullable,
                shapes: BTreeMap::new(),
                quoted,
            })
            .collect(),
        key: row.read("key")?,
        references: referring.into_iter().map(split).zip(referred).collect(),
        has_rls: row.read("has_rls")?,
        quoted: row.read("quoted")?,
    })
}
