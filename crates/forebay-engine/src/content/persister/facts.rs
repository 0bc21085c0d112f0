//! Facts about a course that no file contains. They are only in the database, so a persister remembers those that the
//! database did not get.

use std::slice;

use forebay_domain::content::ContentStatus;
use forebay_store::{
    connect::Database,
    content::{self, Approval, LessonMeasures, MeasuredLesson},
};
use jiff::Timestamp;

use super::super::{
    course::{CourseSettings, find_course},
    error::ContentError,
    refused,
};
use crate::error::{Error, Result};

/// Something to record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fact {
    /// Measures of a lesson.
    Lesson(MeasuredLesson),
    /// How well the course matches the voice of its persona.
    Voice(f64),
    /// Whether people may see the course.
    Status(ContentStatus),
    /// A measurement of the published course.
    Performance { metric: String, value: f64, at: Timestamp },
    /// An approval of its curriculum, with the approved text. `None`: the text is that of the stored file.
    Approval(Approval, Option<String>),
}

impl Fact {
    /// A name for people.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Lesson(lesson) => format!("measures of {}", lesson.path),
            Self::Voice(score) => format!("voice fidelity score {score}"),
            Self::Status(status) => format!("status {status}"),
            Self::Performance { metric, at, .. } => format!("measurement {metric} at {at}"),
            Self::Approval(approval, _) => format!("approval by {}", approval.approved_by),
        }
    }

    /// Adds an earlier fact about the same thing. Returns that one if it is about something else.
    pub(super) fn absorb(&mut self, earlier: Self) -> Option<Self> {
        match (&mut *self, &earlier) {
            (Self::Lesson(now), Self::Lesson(before)) if now.path == before.path => {
                // Measures of another text mean nothing.
                if now.content_hash == before.content_hash {
                    complete(&mut now.measures, &before.measures);
                }
                None
            }
            (Self::Voice(_), Self::Voice(_)) | (Self::Status(_), Self::Status(_)) => None,
            (
                Self::Performance { metric, at, .. },
                Self::Performance { metric: earlier_metric, at: earlier_at, .. },
            ) if metric == earlier_metric && at == earlier_at => None,
            (Self::Approval(now, _), Self::Approval(before, _)) if now.approved_at == before.approved_at => {
                None
            }
            _ => Some(earlier),
        }
    }
}

/// Takes over the values that only earlier measures of the same text have.
fn complete(now: &mut LessonMeasures, before: &LessonMeasures) {
    let LessonMeasures {
        gps_score,
        didatica_score,
        validation_status,
        validation_issues,
        generation_seconds,
        generation_cost,
        num_retries,
    } = now;
    *gps_score = gps_score.or(before.gps_score);
    *didatica_score = didatica_score.or(before.didatica_score);
    *generation_seconds = generation_seconds.or(before.generation_seconds);
    *generation_cost = generation_cost.or(before.generation_cost);
    *num_retries = num_retries.or(before.num_retries);
    *validation_status = validation_status.take().or_else(|| before.validation_status.clone());
    *validation_issues = validation_issues.take().or_else(|| before.validation_issues.clone());
}

/// Stores facts, in one transaction unless one of them is refused. Returns those that the database does not take, and
/// why. Error: nothing is known about what is stored, so all of them must be stored again.
pub(super) async fn store(
    database: &Database,
    settings: &CourseSettings,
    facts: &[Fact],
) -> Result<Vec<(Fact, Error)>> {
    let mut unstorable = Vec::new();
    match store_together(database, settings, facts, &mut unstorable).await {
        Err(error) if is_refused(&error) => {}
        stored => return stored.map(|()| unstorable),
    }
    unstorable.clear();
    for fact in facts {
        match store_together(database, settings, slice::from_ref(fact), &mut unstorable).await {
            Err(error) if is_refused(&error) => unstorable.push((fact.clone(), error)),
            stored => stored?,
        }
    }
    Ok(unstorable)
}

fn is_refused(error: &Error) -> bool {
    match error {
        Error::Store(error) => error.is_about_data(),
        Error::Content(error) => error.code() == "row_refused",
        _ => false,
    }
}

/// Facts are stored in Forebay's tables and in those of the user, or in none. `unstorable` gets those that the database
/// cannot have yet.
async fn store_together(
    database: &Database,
    settings: &CourseSettings,
    facts: &[Fact],
    unstorable: &mut Vec<(Fact, Error)>,
) -> Result<()> {
    let (_, stored) = find_course(database, settings).await?;
    let course = &stored.course;
    let mut client = database.client().await?;
    let transaction = client.transaction().await.map_err(forebay_store::Error::from)?;
    let mut refused_rows = Vec::new();
    let mut lessons = Vec::new();
    for fact in facts {
        match fact {
            Fact::Lesson(lesson) => lessons.push(lesson.clone()),
            Fact::Voice(score) => {
                refused_rows.extend(content::update_voice_fidelity(&transaction, course, *score).await?);
            }
            Fact::Status(status) => {
                refused_rows.extend(content::set_status(&transaction, course, *status).await?.1);
            }
            Fact::Performance { metric, value, at } => {
                let recorded = content::record_performance(&transaction, course, metric, *value, *at).await?;
                refused_rows.extend(recorded);
            }
            Fact::Approval(approval, text) => {
                match content::approve(&transaction, course, approval, text.as_deref()).await? {
                    Some(refused) => refused_rows.extend(refused),
                    None => unstorable.push((fact.clone(), ContentError::CurriculumNotStored.into())),
                }
            }
        }
    }
    if !lessons.is_empty() {
        let measured = content::update_lessons(&transaction, course, &lessons).await?;
        refused_rows.extend(measured.refused);
        lessons.retain(|lesson| !measured.found.contains(&lesson.path));
        unstorable.extend(lessons.into_iter().map(|lesson| {
            let path = lesson.path.clone();
            (Fact::Lesson(lesson), ContentError::LessonNotStored { path }.into())
        }));
    }
    refused::check(&refused_rows)?;
    Ok(transaction.commit().await.map_err(forebay_store::Error::from)?)
}
