//! What the operations on hand-offs have in common: the filter, and how long a request waits for its job.

use std::time::Duration;

use axum::http::StatusCode;
use forebay_domain::handoff::State;
use forebay_store::{
    actions::Actor,
    handoffs::{Mode, Operation},
};
use forebay_views::{
    self as views, HandoffJob, JobState, Time,
    decide::handoffs::{self, selection},
    failure::{Exit, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{app::App, bulk};

/// How long a request waits for its operation. A longer one goes on as a job.
const WAIT: Duration = Duration::from_secs(10);

/// Which hand-offs: the conditions of their list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Only this pipeline.
    pipeline: Option<String>,
    /// Only references of this source.
    pub(super) source: Option<String>,
    /// Only this state. Without it, only the states that the operation is usually about.
    #[serde(default)]
    #[schemars(schema_with = "forebay_views::words::handoff_state_or_null")]
    state: Option<State>,
    /// Only this reason code, or this failure code of the last attempt.
    reason_code: Option<String>,
    /// Only this failure code of the last attempt.
    failure_code: Option<String>,
    /// Only hand-offs that ended (or, if open, were queued) since this time (RFC 3339).
    since: Option<Time>,
    /// Only hand-offs that ended (or, if open, were queued) before this time (RFC 3339).
    until: Option<Time>,
    /// Only these references, each as `NAME/RECORD_KEY` or uuid.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    references: Vec<String>,
    /// Maximum number of hand-offs to change.
    #[schemars(range(min = 1))]
    limit: Option<u64>,
}

/// The priority of a retry: 0 to 100.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "i16")]
#[schemars(inline)]
pub(super) struct Priority(#[schemars(range(min = 0, max = 100))] i16);

impl Priority {
    /// The number.
    pub(super) const fn get(self) -> i16 {
        self.0
    }
}

impl TryFrom<i16> for Priority {
    type Error = &'static str;

    fn try_from(priority: i16) -> Result<Self, Self::Error> {
        if (0..=100).contains(&priority) {
            Ok(Self(priority))
        } else {
            Err("expected a priority from 0 to 100")
        }
    }
}

/// What an operation did, or the job in which it goes on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum OperatedOrJob {
    /// It is done.
    Done(views::Operated),
    /// It goes on.
    Job(HandoffJob),
}

impl OperatedOrJob {
    /// 202 while it goes on.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Done(_) => StatusCode::OK,
            Self::Job(_) => StatusCode::ACCEPTED,
        }
    }
}

/// Applies an operation to what a filter selects, or counts what it would do.
pub(super) async fn operate(
    app: &App,
    operation: Operation,
    filter: Filter,
    dry_run: bool,
    by: Actor,
) -> Result<OperatedOrJob, Failure> {
    let selection = selection(&app.client().await?, filter.into()).await?;
    if dry_run {
        let mode = Mode::DryRun;
        let counted = handoffs::operate(app.database(), operation, &selection, mode, &by, &|_| true).await?;
        return Ok(OperatedOrJob::Done(counted));
    }
    let (job, mut task) = bulk::begin(app, operation, selection, by);
    match tokio::time::timeout(WAIT, &mut task).await {
        Ok(ended) => {
            let operated = ended.map_err(|error| {
                Failure::new("internal_error", "the operation ended abruptly").because(&error)
            })??;
            if app.jobs().get(job).is_ok_and(|job| job.state == JobState::Stopped) {
                let message = format!("the operation was stopped after {} hand-offs", operated.num_done);
                let failure = Failure::new("operation_stopped", message).exit(Exit::Unavailable);
                return Err(failure.hint("send the same filter again for what is left"));
            }
            Ok(OperatedOrJob::Done(operated))
        }
        Err(_) => Ok(OperatedOrJob::Job(app.jobs().get(job)?.view())),
    }
}

impl From<Filter> for handoffs::Filter {
    fn from(filter: Filter) -> Self {
        let Filter { pipeline, source, state, reason_code, failure_code, since, until, references, limit } =
            filter;
        let (since, until) = (since.map(Time::get), until.map(Time::get));
        Self { pipeline, source, state, reason_code, failure_code, since, until, references, limit }
    }
}
