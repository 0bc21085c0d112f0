//! The stage of the curriculum: does it agree with itself and the folder, and who approved it?

use std::{collections::BTreeSet, sync::Arc};

use forebay_domain::content::{
    Problem, Severity,
    curriculum::{Curriculum, check},
    layout::{Document, Role},
};
use forebay_store::content::Approval;
use jiff::{Timestamp, Unit};

use super::{
    super::{
        approvals,
        course::CourseSettings,
        disk::on_disk,
        folder::CourseFolder,
        persister::{CoursePersister, Persisted},
    },
    files::{Files, read_text},
};
use crate::{clock, error::Result};

/// A checked curriculum.
#[derive(Clone, Debug)]
pub struct CurriculumCheck {
    /// Its path in the course folder.
    pub path: String,
    /// SHA-256 of its bytes.
    pub content_hash: [u8; 32],
    /// What it says; `None`: it cannot be read at all.
    pub curriculum: Option<Curriculum>,
    /// What is wrong with it, by line.
    pub problems: Vec<Problem>,
    /// The last approval of a curriculum of this course, whether or not it was this one.
    pub last_approval: Option<Approval>,
    /// The text of its file.
    text: String,
}

impl CurriculumCheck {
    /// Whether it may be approved.
    pub fn is_valid(&self) -> bool {
        self.curriculum.is_some() && self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }

    /// Whether it was approved as it is now.
    pub fn is_approved(&self) -> bool {
        self.last_approval.as_ref().is_some_and(|approval| approval.content_hash == self.content_hash)
    }
}

/// An attempt to approve a curriculum.
#[derive(Debug)]
pub struct ApprovalReport {
    /// The check.
    pub check: CurriculumCheck,
    /// The approval; `None`: the check found errors, so nothing was approved.
    pub approval: Option<Approval>,
    /// Whether the same person had approved the same file already, so no second approval was recorded.
    pub is_repeated: bool,
    /// The result in the database.
    pub persisted: Persisted,
}

/// Checks the curriculum in a course folder: numbers, durations, ids, and the files that it names. Writes nothing.
/// Errors: there is no curriculum, or it is not text.
pub async fn check_curriculum(
    settings: &CourseSettings,
    folder: &Arc<CourseFolder>,
) -> Result<CurriculumCheck> {
    let files = Files::take(settings, folder).await?;
    let path = files.document(settings, &Role::Curriculum, Document::Curriculum)?;
    let read = read_text(settings, folder, &path).await?;
    let lessons: BTreeSet<String> = files
        .0
        .files
        .iter()
        .filter(|(_, file)| matches!(file.role, Role::Lesson { .. }))
        .map(|(path, _)| path.to_string())
        .collect();
    let (curriculum, problems) = match Curriculum::read(path.as_str(), &read.text) {
        Ok((curriculum, mut problems)) => {
            problems.extend(check(&curriculum, path.as_str(), &lessons));
            problems.sort_by_key(|problem| problem.line.unwrap_or(u32::MAX));
            (Some(curriculum), problems)
        }
        Err(problem) => (None, vec![problem]),
    };
    let own = Arc::clone(folder);
    let approvals = on_disk(move || approvals::load(&own)).await?;
    Ok(CurriculumCheck {
        path: path.to_string(),
        content_hash: read.hash,
        curriculum,
        problems,
        last_approval: approvals.last().cloned(),
        text: read.text,
    })
}

/// Approves the curriculum in the course folder, unless the check finds errors. Earlier approvals are kept.
pub async fn approve_curriculum(writer: &mut CoursePersister, by: &str) -> Result<ApprovalReport> {
    let folder = Arc::clone(writer.folder());
    let check = check_curriculum(writer.settings(), &folder).await?;
    if !check.is_valid() {
        let persisted = writer.persist_folder().await;
        return Ok(ApprovalReport { check, approval: None, is_repeated: false, persisted });
    }
    let is_repeated =
        check.is_approved() && check.last_approval.as_ref().is_some_and(|last| last.approved_by == by);
    let hash = check.content_hash;
    let new = Approval { approved_at: now(), approved_by: by.to_owned(), content_hash: hash };
    let text = check.text.clone();
    let approved = on_disk(move || {
        // Before the approval: it must not exist without its text.
        approvals::save_text(&folder, &hash, &text)?;
        if !is_repeated {
            let mut approvals = approvals::load(&folder)?;
            approvals.push(new);
            approvals::save(&folder, &approvals)?;
        }
        approvals::load_texts(&folder)
    })
    .await?;
    let approval = approved.last().map(|(approval, _)| approval.clone());
    // Those that the database has already are left as they are.
    let persisted = writer.record_approvals(approved).await;
    Ok(ApprovalReport { check, approval, is_repeated, persisted })
}

fn now() -> Timestamp {
    let now = clock::now();
    // Rounding fails only at the end of time.
    now.round(Unit::Microsecond).unwrap_or(now)
}
