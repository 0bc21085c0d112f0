//! The failure codes of Forebay's handlers. Users' own commands report others.

/// The codes, as `docs/guides/operate-handoffs.md` lists them.
pub const FAILURE_CODES: [&str; 22] = [
    "value_rejected",
    "constraint_violated",
    "limit_exceeded",
    "write_refused",
    "write_interrupted",
    "payload_unreadable",
    "lease_expired",
    "worker_released",
    "webhook_throttled",
    "webhook_unavailable",
    "webhook_timeout",
    "webhook_unreachable",
    "webhook_broken_off",
    "webhook_gone",
    "webhook_redirected",
    "webhook_refused",
    "exec_reported",
    "exec_no_verdict",
    "exec_bad_verdict",
    "exec_failed",
    "exec_timeout",
    "exec_output_limit",
];
