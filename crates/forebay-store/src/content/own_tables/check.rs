//! Checks a table of the user against what is to be written: columns, types, keys, constraints and rights.

use std::fmt;

use forebay_domain::content::own_tables::{COURSE_FIELDS, Field, FieldType, OwnTable, OwnTableKind};
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    row::ReadRow,
    tables::{ColumnName, TableName},
};

const COLUMNS: &str = include_str!("columns.sql");
const KEYS: &str = include_str!("keys.sql");
const CHECKS: &str = include_str!("checks.sql");

/// Why a table or one of its columns cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDifference {
    /// The table.
    pub table: String,
    /// The column; `None`: the table as a whole.
    pub column: Option<String>,
    /// What is there, and what is needed.
    pub problem: String,
}

impl fmt::Display for TableDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table)?;
        if let Some(column) = &self.column {
            write!(f, ".{column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// A table that can be filled.
#[derive(Clone, Debug)]
pub(super) struct CheckedTable {
    pub(super) kind: OwnTableKind,
    pub(super) name: TableName,
    pub(super) columns: Vec<CheckedColumn>,
    /// The columns that identify a row: those of the course first.
    pub(super) course: CourseColumns,
    pub(super) key: Vec<CheckedColumn>,
    /// The column with the id of a course.
    pub(super) id: Option<ColumnName>,
}

/// The columns that say to which course a row belongs.
#[derive(Clone, Debug)]
pub(super) enum CourseColumns {
    /// A column that refers to the id of a course in another table.
    Reference {
        /// The column.
        column: ColumnName,
        /// The table of courses.
        pieces: Box<CheckedTable>,
    },
    /// The columns with slug and perhaps project of a course.
    Names(Vec<CheckedColumn>),
}

/// A column with what goes into it.
#[derive(Clone, Debug)]
pub(super) struct CheckedColumn {
    pub(super) name: ColumnName,
    pub(super) field: Field,
    /// Its type, as SQL.
    pub(super) sql_type: String,
    /// The category of its type, as in `pg_type.typcategory`.
    pub(super) category: String,
}

/// A column as the catalogue has it.
struct Found {
    name: String,
    sql_type: String,
    base: String,
    category: String,
    labels: Vec<String>,
    is_not_null: bool,
    has_default: bool,
    is_writable: bool,
}

/// Checks a table. The first value is `None` if it cannot be filled at all.
pub(super) async fn check(
    client: &impl GenericClient,
    kind: OwnTableKind,
    table: &OwnTable,
    pieces: Option<&CheckedTable>,
) -> Result<(Option<CheckedTable>, Vec<TableDifference>)> {
    let name = TableName::parse(&table.table)?;
    let regclass = name.to_string();
    let mut differences = Differences { table: table.table.clone(), found: Vec::new() };
    let rights = "select to_regclass($1) is not null as exists, \
         coalesce((select bool_and(has_table_privilege(to_regclass($1), w.privilege)) \
             from unnest(array['select', 'insert', 'update', 'delete']) as w (privilege)), false) as is_allowed";
    let row = client.query_typed_one(rights, &[(&regclass, Type::TEXT)]).await?;
    if !row.read::<bool>("exists")? {
        differences.add(None, "there is no such table".to_owned());
        return Ok((None, differences.found));
    }
    if !row.read::<bool>("is_allowed")? {
        let problem = "the rights select, insert, update and delete are needed";
        differences.add(None, problem.to_owned());
    }
    let found = columns(client, &regclass).await?;
    let mut checked = Vec::new();
    for (field, column) in &table.columns {
        // The settings were checked before.
        let Some(field) = kind.field(field) else { continue };
        let column_name = ColumnName::parse(column)?;
        match found.iter().find(|found| found.name == *column) {
            None => differences.add(Some(column), "there is no such column".to_owned()),
            Some(there) => {
                if let Some(problem) = problem(&field, there) {
                    differences.add(Some(column), problem);
                }
                checked.push(CheckedColumn {
                    name: column_name,
                    field,
                    sql_type: there.sql_type.clone(),
                    category: there.category.clone(),
                });
            }
        }
    }
    let course = match (&table.course, pieces) {
        (Some(column), Some(pieces)) => {
            if !found.iter().any(|found| found.name == *column) {
                differences.add(Some(column), "there is no such column".to_owned());
            }
            CourseColumns::Reference { column: ColumnName::parse(column)?, pieces: Box::new(pieces.clone()) }
        }
        _ => CourseColumns::Names(
            checked.iter().filter(|column| COURSE_FIELDS.contains(&column.field)).cloned().collect(),
        ),
    };
    if let Some(id) = &table.id
        && !found.iter().any(|found| found.name == *id)
    {
        differences.add(Some(id), "there is no such column".to_owned());
    }
    let filled: Vec<&str> = table.columns.values().chain(&table.course).map(String::as_str).collect();
    for column in found
        .iter()
        .filter(|column| column.is_not_null && !column.has_default && !filled.contains(&column.name.as_str()))
    {
        let problem = "it is not null and has no default, so name a field for it";
        differences.add(Some(&column.name), problem.to_owned());
    }
    let key: Vec<CheckedColumn> = table
        .key_fields(kind)
        .iter()
        .filter_map(|field| checked.iter().find(|column| column.field.name == *field).cloned())
        .collect();
    let checked = CheckedTable {
        kind,
        name,
        columns: checked,
        course,
        key,
        id: table.id.as_deref().map(ColumnName::parse).transpose()?,
    };
    if differences.found.is_empty() {
        unique(client, &regclass, &checked, &mut differences).await?;
        constraints(client, &regclass, &checked, &mut differences).await?;
    }
    Ok((Some(checked), differences.found))
}

struct Differences {
    table: String,
    found: Vec<TableDifference>,
}

impl Differences {
    fn add(&mut self, column: Option<&str>, problem: String) {
        let column = column.map(str::to_owned);
        self.found.push(TableDifference { table: self.table.clone(), column, problem });
    }
}

async fn columns(client: &impl GenericClient, regclass: &str) -> Result<Vec<Found>> {
    let rows = client.query_typed(COLUMNS, &[(&regclass, Type::TEXT)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Found {
                name: row.read("name")?,
                sql_type: row.read("sql_type")?,
                base: row.read("base")?,
                category: row.read("category")?,
                labels: row.read("labels")?,
                is_not_null: row.read("is_not_null")?,
                has_default: row.read("has_default")?,
                is_writable: row.read("is_writable")?,
            })
        })
        .collect()
}

/// Why a column cannot take a field.
fn problem(field: &Field, column: &Found) -> Option<String> {
    if !column.is_writable {
        return Some("its value is generated, so it cannot be written".to_owned());
    }
    let base = column.base.as_str();
    let is_text = column.category == "S";
    let wanted = match field.field_type {
        FieldType::Text => (is_text || base == "uuid").then_some("").ok_or("text"),
        FieldType::Words(words) if column.category == "E" => {
            let missing: Vec<&str> = words
                .iter()
                .copied()
                .filter(|word| !column.labels.iter().any(|label| label == word))
                .collect();
            if !missing.is_empty() {
                return Some(format!("its type {} has no label {}", column.sql_type, missing.join(", ")));
            }
            Ok("")
        }
        FieldType::Words(_) => is_text.then_some("").ok_or("text or an enum"),
        FieldType::Integer => {
            matches!(base, "int4" | "int8" | "numeric").then_some("").ok_or("integer, bigint or numeric")
        }
        FieldType::Number => matches!(base, "float4" | "float8" | "numeric")
            .then_some("")
            .ok_or("double precision, real or numeric"),
        FieldType::Texts => {
            matches!(base, "_text" | "_varchar" | "json" | "jsonb").then_some("").ok_or("text[] or jsonb")
        }
        FieldType::Json => {
            (matches!(base, "json" | "jsonb") || is_text).then_some("").ok_or("jsonb, json or text")
        }
        FieldType::Time => matches!(base, "timestamptz" | "timestamp").then_some("").ok_or("timestamptz"),
        FieldType::Hash => (base == "bytea" || is_text).then_some("").ok_or("bytea or text"),
    };
    match wanted {
        Err(wanted) => Some(format!("its type is {}, and {} needs {wanted}", column.sql_type, field.name)),
        Ok(_) if column.is_not_null && !field.is_required => {
            Some(format!("it is not null, and {} can be null", field.name))
        }
        Ok(_) => None,
    }
}

/// Rows are found by a unique index on exactly the columns that identify them.
async fn unique(
    client: &impl GenericClient,
    regclass: &str,
    table: &CheckedTable,
    differences: &mut Differences,
) -> Result<()> {
    let mut wanted: Vec<String> = table.identity().iter().map(|name| name.as_str().to_owned()).collect();
    wanted.sort();
    let mut has_key = false;
    for row in client.query_typed(KEYS, &[(&regclass, Type::TEXT)]).await? {
        let columns: Vec<String> = row.read("columns")?;
        if columns == wanted {
            has_key |= row.read::<bool>("is_immediate")?;
            continue;
        }
        let is_number = |name: &String| {
            let column = table.columns.iter().find(|column| column.name.as_str() == name);
            column.is_some_and(|column| matches!(column.field.name, "module_number" | "lesson_number"))
        };
        if row.read::<bool>("is_immediate")? && columns.iter().any(is_number) {
            let name: String = row.read("name")?;
            differences.add(
                None,
                format!(
                    "its unique constraint {name} would stop lessons from exchanging their numbers, so make it \
                     deferrable initially deferred, or use these columns as the key"
                ),
            );
        }
    }
    if !has_key {
        differences
            .add(None, format!("a unique constraint on ({}) is needed to find rows", wanted.join(", ")));
    }
    Ok(())
}

/// Words must pass the check constraints of their columns: Postgres evaluates each constraint for each word.
async fn constraints(
    client: &impl GenericClient,
    regclass: &str,
    table: &CheckedTable,
    differences: &mut Differences,
) -> Result<()> {
    for row in client.query_typed(CHECKS, &[(&regclass, Type::TEXT)]).await? {
        let (name, column, expression): (String, String, String) =
            (row.read("name")?, row.read("column")?, row.read("expression")?);
        let Some(checked) = table.columns.iter().find(|checked| checked.name.as_str() == column) else {
            continue;
        };
        let FieldType::Words(words) = checked.field.field_type else { continue };
        let statement = format!(
            "select coalesce(string_agg(w.word, ', ' order by w.word), '') as refused \
             from (select u.word, u.word::{} as {} from unnest($1::text[]) as u (word)) as w where not {expression}",
            checked.sql_type, checked.name,
        );
        let words: Vec<&str> = words.to_vec();
        let refused: String =
            client.query_typed_one(&statement, &[(&words, Type::TEXT_ARRAY)]).await?.read("refused")?;
        if !refused.is_empty() {
            differences.add(Some(&column), format!("its constraint {name} does not allow {refused}"));
        }
    }
    Ok(())
}

impl CheckedTable {
    /// The columns that identify a row.
    pub(super) fn identity(&self) -> Vec<&ColumnName> {
        let mut names = match &self.course {
            CourseColumns::Reference { column, .. } => vec![column],
            CourseColumns::Names(columns) => columns.iter().map(|column| &column.name).collect(),
        };
        names.extend(self.key.iter().map(|column| &column.name));
        names
    }
}
