//! Tables of the user that are filled like Forebay's content tables: `[content.tables]` of `forebay.toml`.
//!
//! Each table names the columns to fill, by the names of the columns of Forebay's table.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CourseType,
    bloom::BloomLevel,
    words::{ContentStatus, ValidationStatus},
};
use crate::words::Word;

/// The tables to fill. Tables that are not named are not filled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OwnTables {
    /// One row for each course, as in `content_pieces`.
    pub pieces: Option<OwnTable>,
    /// One row for each course, as in `course_metadata`.
    pub metadata: Option<OwnTable>,
    /// One row for each lesson, as in `course_lessons`.
    pub lessons: Option<OwnTable>,
    /// One row for each course, as in `market_research`.
    pub research: Option<OwnTable>,
    /// One row for each measurement, as in `content_performance`.
    pub performance: Option<OwnTable>,
}

/// A table to fill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OwnTable {
    /// Its name, in the schema `public` unless it says `schema.table`.
    pub table: String,
    /// The column with the id that the user's database gives to a course. Only for `pieces`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The column that refers to the id of a course in the table of `pieces`. Not for `pieces`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub course: Option<String>,
    /// The fields that identify a lesson in its course. Default: `module_number` and `lesson_number`. Only for
    /// `lessons`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// The columns to fill: field = column.
    pub columns: BTreeMap<String, String>,
}

crate::words! {
    /// One of the tables.
    pub enum OwnTableKind {
        /// One row for each course.
        Pieces = "pieces",
        /// One row for each course, with brief, outline and curriculum.
        Metadata = "metadata",
        /// One row for each lesson.
        Lessons = "lessons",
        /// One row for each course, with the research reports.
        Research = "research",
        /// One row for each measurement.
        Performance = "performance",
    }
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// One of some words.
    Words(&'static [&'static str]),
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A list of texts.
    Texts,
    /// A JSON value.
    Json,
    /// A point in time.
    Time,
    /// 32 bytes; text gets them in hexadecimal.
    Hash,
}

/// A field that a table can have a column for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, that of the column in Forebay's table.
    pub name: &'static str,
    /// Its type.
    pub field_type: FieldType,
    /// Whether it is never null.
    pub is_required: bool,
}

const fn required(name: &'static str, field_type: FieldType) -> Field {
    Field { name, field_type, is_required: true }
}

const fn optional(name: &'static str, field_type: FieldType) -> Field {
    Field { name, field_type, is_required: false }
}

/// The fields that name a course. Every table may have columns for them.
pub const COURSE_FIELDS: [Field; 2] =
    [required("project", FieldType::Text), required("piece_slug", FieldType::Text)];

const PIECES: &[Field] = &[
    required("piece_type", FieldType::Text),
    required("title", FieldType::Text),
    optional("persona_mind_id", FieldType::Text),
    required("keywords", FieldType::Texts),
    required("status", FieldType::Words(ContentStatus::WORDS)),
    optional("voice_fidelity_score", FieldType::Number),
];

const METADATA: &[Field] = &[
    // So that one table can have the columns of both.
    required("title", FieldType::Text),
    required("keywords", FieldType::Texts),
    required("status", FieldType::Words(ContentStatus::WORDS)),
    required("total_modules", FieldType::Integer),
    required("total_lessons", FieldType::Integer),
    optional("brief", FieldType::Text),
    optional("outline", FieldType::Text),
    optional("curriculum", FieldType::Json),
    optional("icp", FieldType::Text),
    required("objectives", FieldType::Texts),
    optional("voice_profile", FieldType::Text),
    optional("framework", FieldType::Text),
    optional("course_type", FieldType::Words(CourseType::WORDS)),
    optional("level", FieldType::Text),
    optional("approved_by", FieldType::Text),
    optional("approved_at", FieldType::Time),
];

const LESSONS: &[Field] = &[
    required("module_number", FieldType::Integer),
    required("lesson_number", FieldType::Integer),
    required("lesson_id", FieldType::Text),
    required("slug", FieldType::Text),
    required("title", FieldType::Text),
    required("content", FieldType::Text),
    required("word_count", FieldType::Integer),
    optional("bloom_level", FieldType::Words(BloomLevel::WORDS)),
    required("objectives", FieldType::Texts),
    required("key_concepts", FieldType::Texts),
    optional("gps_score", FieldType::Number),
    optional("didatica_score", FieldType::Number),
    required("validation_status", FieldType::Words(ValidationStatus::WORDS)),
    required("validation_issues", FieldType::Json),
    optional("generation_seconds", FieldType::Number),
    optional("generation_cost", FieldType::Number),
    optional("num_retries", FieldType::Integer),
    required("file_path", FieldType::Text),
    required("content_hash", FieldType::Hash),
];

const RESEARCH: &[Field] = &[
    optional("market_analysis", FieldType::Text),
    optional("content_gaps", FieldType::Text),
    optional("differentiation", FieldType::Text),
    optional("sources", FieldType::Text),
    optional("summary", FieldType::Text),
    optional("num_competitors", FieldType::Integer),
];

const PERFORMANCE: &[Field] = &[
    required("metric", FieldType::Text),
    required("value", FieldType::Number),
    required("recorded_at", FieldType::Time),
];

/// The fields that identify a measurement of a course.
const MEASUREMENT_KEYS: [&str; 2] = ["metric", "recorded_at"];

/// The fields that can identify a lesson in its course.
pub const LESSON_KEYS: [&str; 5] = ["module_number", "lesson_number", "lesson_id", "slug", "file_path"];

impl OwnTableKind {
    /// Its own fields, without [`COURSE_FIELDS`].
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Pieces => PIECES,
            Self::Metadata => METADATA,
            Self::Lessons => LESSONS,
            Self::Research => RESEARCH,
            Self::Performance => PERFORMANCE,
        }
    }

    /// The field with this name.
    pub fn field(self, name: &str) -> Option<Field> {
        COURSE_FIELDS.iter().chain(self.fields()).find(|field| field.name == name).copied()
    }
}

/// A mistake in the settings of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("content.tables.{table}: {problem}")]
pub struct OwnTableError {
    /// The table.
    pub table: OwnTableKind,
    /// The key in it: `id`, `course`, `key`, `table`, or the name of a field.
    pub key: String,
    /// The mistake.
    pub problem: String,
}

impl OwnTables {
    /// The tables in the order in which they are filled: courses first, because others may refer to them.
    pub fn tables(&self) -> impl Iterator<Item = (OwnTableKind, &OwnTable)> {
        [
            (OwnTableKind::Pieces, self.pieces.as_ref()),
            (OwnTableKind::Metadata, self.metadata.as_ref()),
            (OwnTableKind::Lessons, self.lessons.as_ref()),
            (OwnTableKind::Research, self.research.as_ref()),
            (OwnTableKind::Performance, self.performance.as_ref()),
        ]
        .into_iter()
        .filter_map(|(kind, table)| Some((kind, table?)))
    }

    /// Checks the settings, without the database.
    pub fn check(&self) -> Result<(), OwnTableError> {
        self.tables().try_for_each(|(kind, table)| self.check_table(kind, table))
    }

    fn check_table(&self, kind: OwnTableKind, table: &OwnTable) -> Result<(), OwnTableError> {
        let wrong = |key: &str, problem: String| OwnTableError { table: kind, key: key.to_owned(), problem };
        if table.table.is_empty() {
            return Err(wrong("table", "name the table".to_owned()));
        }
        for name in table.columns.keys() {
            if kind.field(name).is_none() {
                let names: Vec<&str> =
                    COURSE_FIELDS.iter().chain(kind.fields()).map(|field| field.name).collect();
                return Err(wrong(name, format!("there is no field {name:?}; use {}", names.join(", "))));
            }
        }
        if table.columns.is_empty() {
            return Err(wrong("columns", "name at least one column".to_owned()));
        }
        let mut filled = BTreeSet::new();
        if let Some(column) =
            table.columns.values().chain(&table.course).find(|column| !filled.insert(*column))
        {
            return Err(wrong("columns", format!("the column {column} is filled twice")));
        }
        let has_slug = table.columns.contains_key("piece_slug");
        match (kind, &table.course) {
            (OwnTableKind::Pieces, Some(_)) => {
                return Err(wrong("course", "only the other tables refer to a course".to_owned()));
            }
            (OwnTableKind::Pieces, None) if !has_slug => {
                return Err(wrong("columns", "a column for piece_slug is needed".to_owned()));
            }
            (_, Some(_)) if self.pieces.as_ref().is_none_or(|pieces| pieces.id.is_none()) => {
                return Err(wrong("course", "it needs content.tables.pieces with its column id".to_owned()));
            }
            (_, None) if !has_slug => {
                let problem = "name the column that refers to the course (course), or one for piece_slug";
                return Err(wrong("course", problem.to_owned()));
            }
            _ => {}
        }
        if table.id.is_some() && kind != OwnTableKind::Pieces {
            return Err(wrong("id", "only content.tables.pieces has it".to_owned()));
        }
        if !table.key.is_empty() && kind != OwnTableKind::Lessons {
            return Err(wrong("key", "only content.tables.lessons has it".to_owned()));
        }
        for field in table.key_fields(kind) {
            if kind == OwnTableKind::Lessons && !LESSON_KEYS.contains(&field) {
                return Err(wrong(
                    "key",
                    format!("{field:?} does not identify a lesson; use {}", LESSON_KEYS.join(", ")),
                ));
            }
            if !table.columns.contains_key(field) {
                return Err(wrong(
                    "key",
                    format!("a column for {field} is needed, because it identifies a row"),
                ));
            }
        }
        Ok(())
    }
}

impl OwnTable {
    /// The fields that identify a row in its course; empty if a course has one row.
    pub fn key_fields(&self, kind: OwnTableKind) -> Vec<&str> {
        match kind {
            OwnTableKind::Lessons if self.key.is_empty() => vec!["module_number", "lesson_number"],
            OwnTableKind::Lessons => self.key.iter().map(String::as_str).collect(),
            OwnTableKind::Performance => MEASUREMENT_KEYS.to_vec(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
