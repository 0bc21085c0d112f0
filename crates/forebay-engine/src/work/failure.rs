//! The failure of one reference, as a transactional handler reports it.

use forebay_domain::{handoff::FailureClass, identity::ReferenceId};
use forebay_store::jobs::Failure;

/// A failure that leaves the time of the retry to the policy of its class.
pub(super) fn failure(
    reference_id: ReferenceId,
    class: FailureClass,
    reason_code: &str,
    message: String,
) -> Failure {
    Failure { reference_id, class, reason_code: reason_code.to_owned(), message, retry_after: None }
}
