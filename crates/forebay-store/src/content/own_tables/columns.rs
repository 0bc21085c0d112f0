//! The columns of the user's tables as the catalogue has them, and whether a value fits.

use forebay_domain::content::own_tables::{Field, FieldType};
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow};

const COLUMNS: &str = include_str!("columns.sql");
/// Length of a hash as text.
const HASH_LENGTH: usize = 64;
/// Whole numbers from narrow to wide.
const NUMBERS: [&str; 4] = ["int2", "int4", "int8", "numeric"];

/// A column of the user.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its type, as SQL.
    pub(super) sql_type: String,
    /// The same without constraints and length.
    pub(super) base_type: String,
    /// The category of its type, as in `pg_type.typcategory`.
    pub(super) category: String,
    /// The name of its type, of a domain the underlying one.
    base: String,
    /// The length of a text.
    max_length: Option<usize>,
    /// The words of an enum.
    labels: Vec<String>,
    is_not_null: bool,
    has_default: bool,
    is_writable: bool,
}

/// Reads the columns of a table.
pub(super) async fn columns(client: &impl GenericClient, regclass: &str) -> Result<Vec<Column>> {
    let rows = client.query_typed(COLUMNS, &[(&regclass, Type::TEXT)]).await?;
    rows.iter()
        .map(|row| {
            let max_length: Option<i32> = row.read("max_length")?;
            Ok(Column {
                name: row.read("name")?,
                sql_type: row.read("sql_type")?,
                base_type: row.read("base_type")?,
                category: row.read("category")?,
                base: row.read("base")?,
                max_length: max_length.and_then(|length| usize::try_from(length).ok()),
                labels: row.read("labels")?,
                is_not_null: row.read("is_not_null")?,
                has_default: row.read("has_default")?,
                is_writable: row.read("is_writable")?,
            })
        })
        .collect()
}

impl Column {
    /// Whether a row needs a value for it.
    pub(super) fn is_needed(&self) -> bool {
        self.is_not_null && !self.has_default
    }

    /// Why it cannot hold null, if the field can be null.
    pub(super) fn null_problem(&self, field: &Field) -> Option<String> {
        (self.is_not_null && !field.is_required)
            .then(|| format!("it is not null, and {} can be null", field.name))
    }

    /// Why it cannot hold the values of a field.
    pub(super) fn type_problem(&self, field: &Field) -> Option<String> {
        if let Some(problem) = self.write_problem() {
            return Some(problem);
        }
        let base = self.base.as_str();
        let is_text = self.category == "S";
        let (fits, wanted) = match field.field_type {
            FieldType::Text => (is_text || base == "uuid", "text"),
            FieldType::Words(words) if self.category == "E" => {
                let mut missing =
                    words.iter().copied().filter(|word| !self.labels.iter().any(|one| one == word));
                let first = missing.next()?;
                let missing = missing.fold(first.to_owned(), |list, word| format!("{list}, {word}"));
                return Some(format!("its type {} has no label {missing}", self.sql_type));
            }
            FieldType::Words(_) => (is_text, "text or an enum"),
            FieldType::Integer => (matches!(base, "int4" | "int8" | "numeric"), "integer, bigint or numeric"),
            FieldType::Number => {
                (matches!(base, "float4" | "float8" | "numeric"), "double precision, real or numeric")
            }
            FieldType::Texts => (matches!(base, "_text" | "_varchar" | "json" | "jsonb"), "text[] or jsonb"),
            FieldType::Json => (matches!(base, "json" | "jsonb") || is_text, "jsonb, json or text"),
            FieldType::Time => (matches!(base, "timestamptz" | "timestamp"), "timestamptz"),
            FieldType::Hash => (base == "bytea" || is_text, "bytea or text"),
        };
        if !fits {
            return Some(format!("its type is {}, and {} needs {wanted}", self.sql_type, field.name));
        }
        let length = match field.field_type {
            FieldType::Words(words) => words.iter().map(|word| word.len()).max(),
            FieldType::Hash if is_text => Some(HASH_LENGTH),
            _ => None,
        };
        let (length, max_length) = length.zip(self.max_length)?;
        (length > max_length).then(|| {
            format!("its type is {}, and {} has up to {length} characters", self.sql_type, field.name)
        })
    }

    /// Why it cannot refer to the column `id` of the table `pieces`.
    pub(super) fn reference_problem(&self, pieces: &str, id: &Self) -> Option<String> {
        if let Some(problem) = self.write_problem() {
            return Some(problem);
        }
        let width = |column: &Self| NUMBERS.iter().position(|number| *number == column.base);
        let is_wide_enough = width(self).zip(width(id)).is_some_and(|(own, of_id)| own >= of_id);
        let are_texts = self.category == "S" && id.category == "S";
        (self.base != id.base && !is_wide_enough && !are_texts).then(|| {
            format!("its type is {}, and {pieces}.{} has the type {}", self.sql_type, id.name, id.sql_type)
        })
    }

    fn write_problem(&self) -> Option<String> {
        (!self.is_writable).then(|| "its value is generated, so it cannot be written".to_owned())
    }
}
