//! The stage of the brief: is it filled in?

use forebay_domain::content::{
    Problem,
    brief::Brief,
    layout::{Document, Role},
};

use super::{
    super::persister::{CoursePersister, Persisted},
    files::{Files, text},
};
use crate::error::Result;

/// A checked brief.
#[derive(Debug)]
pub struct BriefReport {
    /// Its path in the course folder.
    pub path: String,
    /// What it says.
    pub brief: Brief,
    /// Sections that are missing or empty, and places that are not filled in.
    pub problems: Vec<Problem>,
    /// The result in the database.
    pub persisted: Persisted,
}

impl BriefReport {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Checks the brief in the course folder and persists it, whether it is complete or not. Errors: there is no brief, or
/// it is not text.
pub async fn check_brief(writer: &mut CoursePersister) -> Result<BriefReport> {
    let files = Files::of(writer).await?;
    let path = files.document(writer.settings(), &Role::Brief, Document::Brief)?;
    let read = text(writer, &path).await?;
    let (brief, problems) = Brief::read(path.as_str(), &read.text);
    let persisted = writer.persist_folder().await;
    Ok(BriefReport { path: path.to_string(), brief, problems, persisted })
}
