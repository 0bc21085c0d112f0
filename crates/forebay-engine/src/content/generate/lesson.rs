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
    super::{disk::on_disk, error::ContentError, folder::CourseFolder},
    command::{AttemptFailure, Produced, Program},
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
    pub(super) async fn make(&self, spec: Vec<u8>, path: &RelativePath) -> Result<LessonEnd> {
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
                    return self.write(path, markdown, effort).await;
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
                return Ok(LessonEnd::Failed { class, reason_code, message, effort });
            }
            effort.num_retries += 1;
            num_throttled += u32::from(is_throttled);
            debug!(lesson = %path, reason_code, wait_ms = wait.as_millis(), "the attempt is tried again: {message}");
            if !is_throttled {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Writes the file as a whole, unless it has these bytes.
    async fn write(&self, path: &RelativePath, markdown: Vec<u8>, effort: Effort) -> Result<LessonEnd> {
        let (folder, at) = (Arc::clone(&self.folder), path.clone());
        let (written, measures) = (self.written.clone(), effort.measures());
        // A stop does not interrupt this, and the receiver waits for it.
        let write = move || {
            let outcome = folder.write_differing(&[(&at, &markdown)]);
            if outcome.is_ok() {
                let lesson = MeasuredLesson { path: at.to_string(), content_hash: hash(&markdown), measures };
                // The receiver is gone only after an error, which ends all work.
                let _ = written.send(lesson);
            }
            Ok(outcome)
        };
        match on_disk(write).await? {
            Ok(_) => Ok(LessonEnd::Generated(effort)),
            Err(error) if is_about_the_folder(&error) => Err(error.into()),
            Err(error) => Ok(LessonEnd::Failed {
                class: FailureClass::Permanent,
                reason_code: error.code().to_owned(),
                message: error.to_string(),
                effort,
            }),
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

/// Whether no other file can be written either.
fn is_about_the_folder(error: &ContentError) -> bool {
    matches!(error.code(), "disk_full" | "permission_denied")
}
