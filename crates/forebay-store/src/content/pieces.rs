//! Courses: declared once, found by project and slug.

use forebay_domain::content::own_tables::OwnTables;
use serde_json::{Value, json};
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{error::Result, row::ReadRow};

/// A course to declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceSpec {
    /// The project that it belongs to.
    pub project: String,
    /// Its name in the project.
    pub slug: String,
    /// Its title, used until its curriculum names one.
    pub title: String,
    /// Its source.
    pub source_id: i32,
    /// The name of its layout.
    pub layout: String,
    /// Whether this layout replaces a stored one.
    pub is_layout_chosen: bool,
    /// The user's own tables that get the same rows; empty: none. `None` leaves what is stored.
    pub own_tables: Option<OwnTables>,
}

/// A stored course.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Short id inside this database.
    pub piece_id: i64,
    /// The project that it belongs to.
    pub project: String,
    /// Its name in the project.
    pub slug: String,
    /// What it is, such as `course`.
    pub piece_type: String,
    /// Its title.
    pub title: String,
    /// The persona in whose voice it is written.
    pub persona_mind_id: Option<String>,
    /// Its source; `None`: the source was deleted.
    pub source_id: Option<i32>,
    /// Its keywords.
    pub keywords: Vec<String>,
    /// The name of the layout with which it was last written; `None`: never.
    pub layout: Option<String>,
    /// `draft`, `published` or `archived`.
    pub status: String,
    /// How well the text matches the persona's voice, 0 to 1.
    pub voice_fidelity_score: Option<f64>,
}

/// A course with its totals.
#[derive(Clone, Debug, PartialEq)]
pub struct PieceSummary {
    /// The course.
    pub piece: Piece,
    /// Number of stored lessons.
    pub num_lessons: u64,
    /// Lessons whose last validation passed.
    pub num_passed: u64,
    /// Number of words in all lessons.
    pub num_words: u64,
    /// Whether the stored curriculum is the approved one; `None`: none was approved.
    pub is_approved: Option<bool>,
}

const COLUMNS: &str = "p.piece_id, p.project, p.piece_slug, p.piece_type, p.title, p.persona_mind_id, p.source_id, \
     p.keywords, p.layout, p.status, p.voice_fidelity_score";

/// Stores a course if it is new, and connects it with its source and its own tables. Returns whether anything of that
/// is new, and the name of the stored layout.
pub async fn declare(client: &impl GenericClient, spec: &PieceSpec) -> Result<(bool, Option<String>)> {
    let statement = include_str!("declare.sql");
    let own_tables: Option<Value> = spec.own_tables.as_ref().map(|tables| {
        let filled = tables.tables().map(|(kind, table)| (kind.as_str().to_owned(), json!(table)));
        Value::Object(filled.collect())
    });
    let row = client
        .query_typed_one(
            statement,
            &[
                (&spec.project, Type::TEXT),
                (&spec.slug, Type::TEXT),
                (&spec.title, Type::TEXT),
                (&spec.source_id, Type::INT4),
                (&own_tables, Type::JSONB),
                (&spec.layout, Type::TEXT),
                (&spec.is_layout_chosen, Type::BOOL),
            ],
        )
        .await?;
    Ok((row.read("is_changed")?, row.read("layout")?))
}

/// Finds a course.
pub async fn find(client: &impl GenericClient, project: &str, slug: &str) -> Result<Option<Piece>> {
    let statement = format!(
        "select {COLUMNS} from forebay.content_pieces as p where p.project = $1 and p.piece_slug = $2"
    );
    let row = client.query_typed_opt(&statement, &[(&project, Type::TEXT), (&slug, Type::TEXT)]).await?;
    row.as_ref().map(piece).transpose()
}

/// All courses of a project with their totals, by slug.
pub async fn list(client: &impl GenericClient, project: &str) -> Result<Vec<PieceSummary>> {
    let rows = client.query_typed(include_str!("list.sql"), &[(&project, Type::TEXT)]).await?;
    rows.iter()
        .map(|row| {
            Ok(PieceSummary {
                piece: piece(row)?,
                num_lessons: row.count("num_lessons")?,
                num_passed: row.count("num_passed")?,
                num_words: row.count("num_words")?,
                is_approved: row.read("is_approved")?,
            })
        })
        .collect()
}

fn piece(row: &Row) -> Result<Piece> {
    Ok(Piece {
        piece_id: row.read("piece_id")?,
        project: row.read("project")?,
        slug: row.read("piece_slug")?,
        piece_type: row.read("piece_type")?,
        title: row.read("title")?,
        persona_mind_id: row.read("persona_mind_id")?,
        source_id: row.read("source_id")?,
        keywords: row.read("keywords")?,
        layout: row.read("layout")?,
        status: row.read("status")?,
        voice_fidelity_score: row.read("voice_fidelity_score")?,
    })
}
