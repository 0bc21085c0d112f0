//! Run events in the format of OpenLineage, for catalogues such as Marquez or `DataHub`: <https://openlineage.io>.
//!
//! A run sends START when it begins, and COMPLETE, FAIL or ABORT when it ends, with its source as input, its references
//! as output, and its counts and field coverage as facets. Events never delay a run or make it fail: they go through a
//! bounded queue to one task, which retries for a few seconds. Events that don't arrive are dropped, counted and
//! logged.
//!
//! The sender belongs to the process, like a subscriber of `tracing`: every run of the process reports to it.

mod event;
mod sender;
mod settings;

use std::sync::{Arc, PoisonError, RwLock};

use forebay_domain::run::RunStatus;

pub(crate) use self::event::Facts;
pub use self::settings::{DEFAULT_NAMESPACE, LineageSettings};
use self::{
    event::{EventType, event},
    sender::Sender,
};
use crate::{clock, error::Result, persist::report::RunReport};

static SENDER: RwLock<Option<Arc<Sender>>> = RwLock::new(None);

/// Sends the events of all later runs of this process to these settings. Needs a tokio runtime. Error: why there is no
/// HTTP client.
pub fn install(settings: LineageSettings) -> std::result::Result<(), String> {
    let sender = Sender::start(settings)?;
    *SENDER.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(sender));
    Ok(())
}

/// Sends no further events, and waits a few seconds for those that wait. Does nothing if no settings were installed.
pub async fn finish() {
    let sender = SENDER.write().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(sender) = sender {
        sender.finish().await;
    }
}

/// A run that has sent its START.
#[derive(Debug)]
pub(crate) struct Reported {
    sender: Arc<Sender>,
    facts: Facts,
}

/// Sends the START of a run; `None`: no receiver is configured.
pub(crate) fn start(facts: impl FnOnce() -> Facts) -> Option<Reported> {
    let sender = SENDER.read().unwrap_or_else(PoisonError::into_inner).clone()?;
    let facts = facts();
    sender.send(event(sender.namespace(), &facts, EventType::Start, clock::now(), None, None));
    Some(Reported { sender, facts })
}

impl Reported {
    /// Sends how the run ended.
    pub(crate) fn end(self, result: &Result<RunReport>) {
        let (kind, report, error) = match result {
            Ok(report) => (of_status(report.status), Some(report), None),
            Err(error) => (of_status(error.run_status()), None, Some(error)),
        };
        let event = event(self.sender.namespace(), &self.facts, kind, clock::now(), report, error);
        self.sender.send(event);
    }
}

const fn of_status(status: RunStatus) -> EventType {
    match status {
        RunStatus::Running => EventType::Start,
        RunStatus::Complete | RunStatus::Partial | RunStatus::Held => EventType::Complete,
        RunStatus::Failed => EventType::Fail,
        RunStatus::Aborted => EventType::Abort,
    }
}
