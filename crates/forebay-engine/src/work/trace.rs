//! What workers say of claims and hand-offs, in the same words for both kinds of handlers.
//!
//! Each batch has one span `claim` (`worker.rs`), and each hand-off in it one span `handoff`, at the level debug.

use forebay_domain::{handoff::FailureClass, identity::ReferenceId};
use jiff::SignedDuration;
use tracing::{Span, debug, debug_span, info};

/// Records in the span of the claim that hand-offs were claimed.
pub(super) fn claimed(num_handoffs: usize) {
    Span::current().record("num_handoffs", num_handoffs);
    info!("claimed");
}

/// The span of an attempt at one hand-off.
pub(super) fn handoff(reference_id: ReferenceId, attempt: i32) -> Span {
    debug_span!("handoff", %reference_id, attempt)
}

/// Reports that a hand-off was delivered.
pub(super) fn delivered(span: &Span) {
    span.in_scope(|| debug!("delivered"));
}

/// Reports that a hand-off could not be delivered.
pub(super) fn failed(
    span: &Span,
    class: FailureClass,
    failure_code: &str,
    message: &str,
    retry_after: Option<SignedDuration>,
) {
    span.in_scope(|| {
        debug!(
            failure_class = class.as_str(),
            failure_code,
            retry_after_seconds = retry_after.map(|wait| wait.as_secs()),
            "delivery failed: {message}"
        );
    });
}
