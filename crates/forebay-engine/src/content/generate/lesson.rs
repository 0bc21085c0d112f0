//! One lesson: its attempts, and its file.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use forebay_domain::{
    backoff::with_full_jitter,
    content::{file_text::hash, paths::RelativePath},
    handoff::FailureClass,
};
use forebay_store::content::{LessonMeasures, MeasuredLesson};
use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, info};

use super::{
    super::{
        disk::on_disk,
        error::ContentError,
        folder::{CourseFolder, kept_path},
    },
    command::{AttemptFailure, Produced, Program},
    plan::Wanted,
    report::{Effort, LessonEnd},
};
use crate::error::Result;

/// The longest wait before a retry, unless the program asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How failed attempts are retried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The number of retries of each lesson. Default: 3.
    pub max_retries: u32,
    /// The longest wait before the first retry; it doubles up to a minute. Default: 1 second.
    pub delay: Duration,
    /// How long every attempt may be throttled before lessons fail. A throttled attempt uses no retry. Default: 1 hour.
    pub max_throttled: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { max_retries: 3, delay: Duration::from_secs(1), max_throttled: Duration::from_hours(1) }
    }
}

/// Makes lessons.
#[derive(Debug)]
pub(super) struct Maker {
    pub(super) program: Program,
    pub(super) folder: Arc<CourseFolder>,
    pub(super) retries: Retries,
    pub(super) random: Mutex<fastrand::Rng>,
    /// All programs ask the same model.
    pub(super) throttled: Mutex<Throttled>,
    /// Gets each lesson whose file was written.
    pub(super) written: UnboundedSender<MeasuredLesson>,
}

/// How a lesson ended.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) end: LessonEnd,
    /// Where the former bytes of its file are kept.
    pub(super) kept_as: Option<RelativePath>,
}

/// Whether a generated text has replaced its file.
enum Replaced {
    /// It has.
    Yes {
        /// Where the former bytes are kept.
        kept_as: Option<RelativePath>,
    },
    /// Somebody else has changed the file.
    No {
        /// Where the generated text is.
        text: RelativePath,
    },
}

/// What throttled attempts asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Throttled {
    /// The first throttled attempt after the last lesson that was made.
    since: Option<Instant>,
    /// No attempt begins before this time.
    until: Option<Instant>,
}

impl Maker {
    /// Makes one lesson. Error: the program or the folder cannot be used, so no other lesson can be made either.
    pub(super) async fn make(&self, spec: Vec<u8>, wanted: &Wanted) -> Result<Made> {
        let path = &wanted.spec.file_path;
        let mut effort = Effort::default();
        let mut num_throttled = 0;
        loop {
            self.wait_while_throttled().await;
            let started = Instant::now();
            let attempt = self.program.run(&spec, path).await?;
            effort.elapsed += started.elapsed();
            let failure = match attempt {
                Ok(Produced { markdown, cost }) => {
                    effort.add_cost(cost);
                    self.throttled().since = None;
                    return self.write(wanted, markdown, effort).await;
                }
                Err(failure) => failure,
            };
            effort.add_cost(failure.cost);
            let AttemptFailure { class, reason_code, message, retry_after, .. } = failure;
            let is_throttled = class == FailureClass::Throttled;
            // Zero would ask the model again and again without a pause.
            let retry_after = retry_after.filter(|wait| !wait.is_zero());
            let wait = retry_after.unwrap_or_else(|| self.wait(effort.num_retries + 1));
            let may_retry = if is_throttled {
                self.throttle(wait)
            } else {
                class.policy().retries() && effort.num_retries - num_throttled < self.retries.max_retries
            };
            if !may_retry {
                info!(lesson = %path, reason_code, "the lesson failed for good: {message}");
                let end = LessonEnd::Failed { class, reason_code, message, effort };
                return Ok(Made { end, kept_as: None });
            }
            effort.num_retries += 1;
            num_throttled += u32::from(is_throttled);
            debug!(lesson = %path, reason_code, wait_ms = wait.as_millis(), "the attempt is tried again: {message}");
            if !is_throttled {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Writes the file as a whole, unless somebody else has changed it meanwhile: then the generated text is kept
    /// beside it. Bytes that no sync has stored are kept before they are replaced.
    async fn write(&self, wanted: &Wanted, markdown: Vec<u8>, effort: Effort) -> Result<Made> {
        let (folder, written) = (Arc::clone(&self.folder), self.written.clone());
        let Wanted { spec, found, is_unstored, .. } = wanted;
        let (at, found, is_unstored) = (spec.file_path.clone(), *found, *is_unstored);
        let measures = effort.measures();
        // A stop does not interrupt this, and the receiver waits for it.
        let write = move || {
            let outcome = replace(&folder, &at, &markdown, found, is_unstored);
            if let Ok(Replaced::Yes { .. }) = outcome {
                let lesson = MeasuredLesson { path: at.to_string(), content_hash: hash(&markdown), measures };
                // The receiver is gone only after an error, which ends all work.
                let _ = written.send(lesson);
            }
            Ok(outcome)
        };
        let failed = |reason_code: &str, message: String| Made {
            end: LessonEnd::Failed {
                class: FailureClass::Permanent,
                reason_code: reason_code.to_owned(),
                message,
                effort,
            },
            kept_as: None,
        };
        match on_disk(write).await? {
            Ok(Replaced::Yes { kept_as }) => Ok(Made { end: LessonEnd::Generated(effort), kept_as }),
            Ok(Replaced::No { text }) => {
                let message =
                    format!("the file was changed while the lesson was generated; the new text is {text}");
                Ok(failed("file_changed", message))
            }
            Err(error) if is_about_the_folder(&error) => Err(error.into()),
            Err(error) => Ok(failed(error.code(), error.to_string())),
        }
    }

    fn wait(&self, num_failures: u32) -> Duration {
        let jitter = self.random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        with_full_jitter(self.retries.delay, LONGEST_WAIT, num_failures, jitter)
    }

    fn throttled(&self) -> MutexGuard<'_, Throttled> {
        self.throttled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delays all attempts. Returns whether to wait: not if no lesson was made for too long.
    fn throttle(&self, wait: Duration) -> bool {
        let now = Instant::now();
        let mut throttled = self.throttled();
        let since = *throttled.since.get_or_insert(now);
        if now.saturating_duration_since(since).saturating_add(wait) > self.retries.max_throttled {
            return false;
        }
        let until = now + wait;
        throttled.until = Some(throttled.until.map_or(until, |other| other.max(until)));
        true
    }

    async fn wait_while_throttled(&self) {
        loop {
            let until = self.throttled().until;
            let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

impl Effort {
    fn measures(&self) -> LessonMeasures {
        LessonMeasures {
            generation_seconds: Some(self.elapsed.as_secs_f64()),
            generation_cost: self.cost,
            num_retries: Some(i32::try_from(self.num_retries).unwrap_or(i32::MAX)),
            ..LessonMeasures::default()
        }
    }

    fn add_cost(&mut self, cost: Option<f64>) {
        if let Some(cost) = cost {
            *self.cost.get_or_insert(0.0) += cost;
        }
    }
}

fn replace(
    folder: &CourseFolder,
    path: &RelativePath,
    markdown: &[u8],
    found: Option<[u8; 32]>,
    is_unstored: bool,
) -> std::result::Result<Replaced, ContentError> {
    let new = hash(markdown);
    let former = found.filter(|found| is_unstored && *found != new);
    let kept_as = former.map_or(Ok(None), |former| folder.keep(path, former))?;
    if folder.write_expecting(path, markdown, found)? || folder.hash(path)?.is_some_and(|(now, _)| now == new)
    {
        return Ok(Replaced::Yes { kept_as });
    }
    let text = kept_path(path, &new)?;
    folder.write(&text, markdown)?;
    Ok(Replaced::No { text })
}

/// Whether no other file can be written either.
fn is_about_the_folder(error: &ContentError) -> bool {
    matches!(error.code(), "disk_full" | "permission_denied")
}
