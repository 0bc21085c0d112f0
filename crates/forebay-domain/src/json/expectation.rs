//! The rejection of JSON text that breaks the grammar.

use crate::reject::{Reject, RejectReason};

/// The message for text that ends, or continues differently, where `expected` should be.
#[cold]
pub(super) fn unexpected(text: &str, at: usize, expected: &str) -> Reject {
    let found = text.get(at..).and_then(|rest| rest.chars().next());
    let message = match found {
        Some(character) => format!("expected {expected} at byte {at}, found {character:?}"),
        None => format!("expected {expected} at byte {at}, found the end of the text"),
    };
    Reject::new(RejectReason::InvalidJson, message)
}
