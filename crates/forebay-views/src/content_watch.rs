//! The live output of `content watch`, one object per line.

use forebay_engine::content as engine;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{content::ContentSync, error::Error, time::Time};

/// An event while `content watch` runs. The last event is `stopped`, or the error that ended the command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ContentWatchEvent {
    /// Folder and database were compared for the first time.
    Ready {
        /// When.
        at: Time,
        /// Whether the system reports changes; otherwise the folder is read twice a second.
        has_hints: bool,
    },
    /// The database was written, or what is wrong with the folder has changed.
    Synced {
        /// When.
        at: Time,
        /// What was done.
        sync: Box<ContentSync>,
    },
    /// Another process has locked the folder; the comparison is repeated.
    Locked {
        /// When.
        at: Time,
    },
    /// The database is unreachable; the comparison is repeated until it is back.
    DatabaseUnreachable {
        /// When.
        at: Time,
        /// Why.
        error: Error,
    },
    /// The database is reachable again.
    DatabaseReachable {
        /// When.
        at: Time,
    },
    /// A comparison failed for a reason that may pass; it is repeated.
    Failed {
        /// When.
        at: Time,
        /// Why.
        error: Error,
    },
    /// The command was stopped, or a guard holds a run.
    Stopped {
        /// When.
        at: Time,
        /// Whether a run waits for a decision.
        is_held: bool,
    },
    /// An error ended the command.
    Error {
        /// When.
        at: Time,
        /// Why.
        error: Error,
    },
}

impl ContentWatchEvent {
    /// An event of the engine. `error` is the view of an engine error. None: not worth reporting.
    pub fn of_event(
        event: engine::WatchEvent<'_>,
        at: Timestamp,
        error: impl Fn(&forebay_engine::Error) -> Error,
    ) -> Option<Self> {
        let at = at.into();
        Some(match event {
            engine::WatchEvent::Ready { has_hints } => Self::Ready { at, has_hints },
            engine::WatchEvent::Synced(report) => {
                Self::Synced { at, sync: Box::new(ContentSync::new(*report, false)) }
            }
            engine::WatchEvent::Locked => Self::Locked { at },
            engine::WatchEvent::Unreachable(cause) => Self::DatabaseUnreachable { at, error: error(cause) },
            engine::WatchEvent::Reachable => Self::DatabaseReachable { at },
            engine::WatchEvent::Failed(cause) => Self::Failed { at, error: error(cause) },
            _ => return None,
        })
    }
}
