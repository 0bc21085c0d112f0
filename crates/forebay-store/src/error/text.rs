//! Formatting for error messages.

/// The major versions as words: `no supported version`, `17`, or `17, 15`.
pub(super) fn versions(installed: &[u32]) -> String {
    if installed.is_empty() {
        return "no supported version".into();
    }
    installed.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The log's tail on separate lines, or nothing.
pub(super) fn tail(log: &str) -> String {
    if log.is_empty() { String::new() } else { format!("\n{log}") }
}
