//! The check of the connection: which setting configured it, and whether it passes a pooler.

use forebay_store::{connect::ConnectionKind, runs::LEASE};

use super::check::{Check, CheckStatus};

pub(super) fn connection(
    configured_by: Option<&str>,
    kind: ConnectionKind,
    unknown_options: &[String],
) -> Check {
    let Some(name) = configured_by else {
        return Check::ok("connection", "no database is configured, so it is the private Postgres");
    };
    let kind = match kind {
        ConnectionKind::Direct => "direct".to_owned(),
        ConnectionKind::SessionPooler => "through a pooler in session mode".to_owned(),
        ConnectionKind::TransactionPooler => format!(
            "through a pooler in transaction mode: workers poll, a killed run's scope is free after {} s, and changing \
             the schema needs another URL",
            LEASE.as_secs()
        ),
    };
    let message = format!("configured by {name}; {kind}");
    if unknown_options.is_empty() {
        return Check::ok("connection", message);
    }
    let options = unknown_options.join(", ");
    Check::new(
        "connection",
        CheckStatus::Warning,
        format!("{message}; its URL has unknown options: {options}"),
    )
    .hint("remove them or correct their names: they are ignored")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_says_what_configured_it() {
        let of = |by, kind| connection(by, kind, &[]).message;
        assert_eq!(of(Some("DATABASE_URL"), ConnectionKind::Direct), "configured by DATABASE_URL; direct");
        let pooled = of(Some("DATABASE_URL"), ConnectionKind::TransactionPooler);
        assert!(pooled.contains("a pooler in transaction mode"), "{pooled}");
        assert!(of(None, ConnectionKind::Direct).contains("private Postgres"));
        let odd = connection(Some("DATABASE_URL"), ConnectionKind::Direct, &["pgbuoncer".to_owned()]);
        assert_eq!(odd.status, CheckStatus::Warning);
        assert!(odd.message.ends_with("unknown options: pgbuoncer"), "{}", odd.message);
    }
}
