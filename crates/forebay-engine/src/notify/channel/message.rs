//! What is sent, and how an attempt to send it ended.

use jiff::Timestamp;

use crate::{notify::alert::Notice, work::event::Outcome};

/// A notification under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::notify) struct Message<'a> {
    /// Its id, the same in every attempt.
    pub(in crate::notify) id: &'a str,
    /// When it was decided.
    pub(in crate::notify) created_at: Timestamp,
    /// What it says.
    pub(in crate::notify) notice: &'a Notice,
}

/// An attempt to send.
#[derive(Clone, Debug)]
pub struct Tried {
    pub(in crate::notify) outcome: Outcome,
    /// What the receiver answered, without secrets; empty: nothing.
    pub answer: String,
}

impl Tried {
    /// What failed: a stable word and a sentence. `None`: the receiver accepted it.
    pub fn failure(&self) -> Option<(&str, &str)> {
        match &self.outcome {
            Outcome::Done => None,
            Outcome::Failed { reason_code, message, .. } => Some((reason_code, message)),
        }
    }
}
