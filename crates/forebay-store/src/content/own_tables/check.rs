//! Checks a table of the user against what is to be written: columns, types, keys, constraints and rights.

use std::fmt;

use forebay_domain::content::own_tables::{COURSE_FIELDS, Field, FieldType, OwnTable, OwnTableKind};
use tokio_postgres::{GenericClient, types::Type};

use super::columns::{Column, columns};
use crate::{
    error::{Error, Result},
    row::ReadRow,
    tables::{ColumnName, TableName},
};

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
    pub(super) id: Option<CourseId>,
}

/// The column with the id of a course.
#[derive(Clone, Debug)]
pub(super) struct CourseId {
    pub(super) name: ColumnName,
    /// Its table, as configured.
    table: String,
    column: Column,
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
    /// The same without constraints and length.
    pub(super) base_type: String,
    /// The category of its type, as in `pg_type.typcategory`.
    pub(super) category: String,
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
    let mut find = |column: &str| {
        let there = found.iter().find(|found| found.name == column);
        if there.is_none() {
            differences.add(Some(column), "there is no such column".to_owned());
        }
        there
    };
    let id = table.id.as_deref().and_then(&mut find);
    let course = table.course.as_deref().and_then(&mut find);
    let mut filled = Vec::new();
    for (field, column) in &table.columns {
        // The settings were checked before.
        filled.extend(kind.field(field).zip(find(column)));
    }
    if let (Some(course), Some(pieces)) = (course, pieces)
        && let Some(id) = &pieces.id
        && let Some(problem) = course.reference_problem(&id.table, &id.column)
    {
        differences.add(Some(&course.name), problem);
    }
    // Those that can hold their field.
    let mut checked = Vec::new();
    for (field, column) in filled {
        let problem = column.type_problem(&field);
        if problem.is_none() {
            checked.push(CheckedColumn {
                name: ColumnName::parse(&column.name)?,
                field,
                sql_type: column.sql_type.clone(),
                base_type: column.base_type.clone(),
                category: column.category.clone(),
            });
        }
        for problem in problem.into_iter().chain(column.null_problem(&field)) {
            differences.add(Some(&column.name), problem);
        }
    }
    let has_value = |column: &str| table.columns.values().chain(&table.course).any(|filled| filled == column);
    for column in found.iter().filter(|column| column.is_needed() && !has_value(&column.name)) {
        let problem = "it is not null and has no default, so name a field for it";
        differences.add(Some(&column.name), problem.to_owned());
    }
    constraints(client, &regclass, &checked, &mut differences).await?;
    let identity = identity(kind, table);
    if identity.iter().all(|column| found.iter().any(|found| found.name == *column)) {
        unique(client, &regclass, identity, &checked, &mut differences).await?;
    }
    let course = match (&table.course, pieces) {
        (Some(column), Some(pieces)) => {
            CourseColumns::Reference { column: ColumnName::parse(column)?, pieces: Box::new(pieces.clone()) }
        }
        _ => CourseColumns::Names(
            checked.iter().filter(|column| COURSE_FIELDS.contains(&column.field)).cloned().collect(),
        ),
    };
    let of_field = |field: &&str| checked.iter().find(|column| column.field.name == *field).cloned();
    let key = table.key_fields(kind).iter().filter_map(of_field).collect();
    let id = id.map(|column| {
        let name = ColumnName::parse(&column.name)?;
        Ok::<_, Error>(CourseId { name, table: table.table.clone(), column: column.clone() })
    });
    let id = id.transpose()?;
    let checked = CheckedTable { kind, name, columns: checked, course, key, id };
    Ok((Some(checked), differences.found))
}

/// The columns that identify a row: those of the course, and the key of a lesson.
fn identity(kind: OwnTableKind, table: &OwnTable) -> Vec<&str> {
    let of_course = COURSE_FIELDS.iter().map(|field| field.name).filter(|_| table.course.is_none());
    let fields = of_course.chain(table.key_fields(kind));
    table
        .course
        .iter()
        .chain(fields.filter_map(|field| table.columns.get(field)))
        .map(String::as_str)
        .collect()
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

/// Rows are found by a unique index on exactly the columns that identify them.
async fn unique(
    client: &impl GenericClient,
    regclass: &str,
    mut identity: Vec<&str>,
    checked: &[CheckedColumn],
    differences: &mut Differences,
) -> Result<()> {
    // As the statement sorts them.
    identity.sort_unstable();
    let mut has_key = false;
    for row in client.query_typed(KEYS, &[(&regclass, Type::TEXT)]).await? {
        let columns: Vec<String> = row.read("columns")?;
        if columns == identity {
            has_key |= row.read::<bool>("is_immediate")?;
            continue;
        }
        let is_number = |name: &String| {
            let column = checked.iter().find(|column| column.name.as_str() == name);
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
            .add(None, format!("a unique constraint on ({}) is needed to find rows", identity.join(", ")));
    }
    Ok(())
}

/// Words must pass the check constraints of their columns: Postgres evaluates each constraint for each word.
async fn constraints(
    client: &impl GenericClient,
    regclass: &str,
    checked: &[CheckedColumn],
    differences: &mut Differences,
) -> Result<()> {
    for row in client.query_typed(CHECKS, &[(&regclass, Type::TEXT)]).await? {
        let (name, column, expression): (String, String, String) =
            (row.read("name")?, row.read("column")?, row.read("expression")?);
        let value = ColumnName::parse(&row.read::<String>("value_name")?)?;
        let Some(checked) = checked.iter().find(|checked| checked.name.as_str() == column) else {
            continue;
        };
        let FieldType::Words(words) = checked.field.field_type else { continue };
        let statement = format!(
            // The alias is no name of a user's column.
            "select coalesce(string_agg(w.\" word\", ', ' order by w.\" word\"), '') as refused \
             from (select u.word as \" word\", u.word::{} as {value} from unnest($1::text[]) as u (word)) as w \
             where not {expression}",
            checked.base_type,
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
