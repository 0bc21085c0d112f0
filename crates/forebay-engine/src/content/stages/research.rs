//! The stage of the market research: are the four reports there?

use forebay_domain::content::{
    Problem, ResearchKind,
    layout::{Document, Role},
    research::{Report, check},
};

use super::{
    super::persister::{CoursePersister, Persisted},
    files::{Files, text, usual_path},
};
use crate::error::Result;

/// The checked research.
#[derive(Debug)]
pub struct ResearchReport {
    /// Every report, in the order of [`ResearchKind::ALL`].
    pub reports: Vec<CheckedReport>,
    /// What is missing.
    pub problems: Vec<Problem>,
    /// The result in the database.
    pub persisted: Persisted,
}

/// A report of the research.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedReport {
    /// Which one.
    pub kind: ResearchKind,
    /// Its path in the course folder; `None`: it is missing.
    pub path: Option<String>,
    /// What it says.
    pub report: Report,
}

impl ResearchReport {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Checks the reports in the course folder and persists those that exist.
pub async fn check_research(writer: &mut CoursePersister) -> Result<ResearchReport> {
    let files = Files::of(writer).await?;
    let (mut reports, mut problems) = (Vec::new(), Vec::new());
    for kind in ResearchKind::ALL {
        let role = Role::Research(kind);
        let (mut path, mut report) = (None, None);
        if let Some(found) = files.find(&role) {
            let file = text(writer, &found).await?;
            report = Some(Report::read(file.path.as_str(), &file.text));
            path = Some(file.path.to_string());
        }
        let expected =
            path.clone().unwrap_or_else(|| usual_path(writer.settings(), Document::Research(kind)));
        let unreadable = files.problem(writer.settings(), &role).filter(|_| path.is_none());
        problems.extend(unreadable.or_else(|| check(kind, &expected, report.as_ref())));
        reports.push(CheckedReport { kind, path, report: report.unwrap_or_default() });
    }
    let persisted = writer.persist_folder().await;
    Ok(ResearchReport { reports, problems, persisted })
}
