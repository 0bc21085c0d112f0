//! Whether a person must act after a course was written: the one rule behind the exit codes of all commands.
//!
//! After an outage of the database, no one has to act: the files are written, and the next sync stores what the
//! database missed. Differences that no later sync settles need a person.

use forebay_domain::run::RunStatus;

use super::{persister::Persisted, sync::SyncReport};

forebay_domain::words! {
    /// What a person must look at.
    pub enum Attention {
        /// Nothing.
        None = "none",
        /// Both sides differ and stay so: conflicts, changes that only the database has, files that cannot be stored,
        /// or a run that failed.
        Differences = "differences",
        /// A guard holds a run.
        HeldRun = "held_run",
    }
}

impl SyncReport {
    /// What a person must look at after a sync.
    pub fn attention(&self) -> Attention {
        match &self.run {
            Some(run) if run.status == RunStatus::Held => Attention::HeldRun,
            _ if self.is_clean() => Attention::None,
            _ => Attention::Differences,
        }
    }
}

impl Persisted {
    /// What a person must look at after a call.
    pub fn attention(&self) -> Attention {
        match self {
            Self::Done(Some(report)) => report.attention(),
            Self::Off | Self::Done(None) | Self::Failed { .. } => Attention::None,
        }
    }

    /// The result of a call that wrote files, then something about them. Differences come first: they explain why the
    /// database does not have the files that the rest is about.
    pub(super) fn and(self, then: Self) -> Self {
        match then {
            Self::Failed { .. } if self.attention() == Attention::None => then,
            _ => self,
        }
    }
}
