//! Access of other roles to Forebay's tables: grants to roles of a web API, and tables without row-level security.

use std::collections::BTreeSet;

use forebay_store::access::StrayGrant;

use super::check::{Check, CheckStatus};
use crate::human as format;

/// Grants that `forebay db up` would take back.
pub(super) fn grants(stray: &[StrayGrant]) -> Check {
    let Some(first) = stray.first() else {
        return Check::ok("api_roles", "the roles of a web API have no right that policies don't limit");
    };
    let others = match stray.len() - 1 {
        0 => String::new(),
        number => format!(" and {}", format::counted(number as u64, "more right")),
    };
    let StrayGrant { kind, object, grantee } = first;
    let statements: BTreeSet<String> = stray
        .iter()
        .map(|StrayGrant { kind, object, grantee }| {
            let schema = if object.starts_with("forebay_private.") { "forebay_private" } else { "forebay" };
            format!("revoke all on all {kind}s in schema {schema} from {grantee}")
        })
        .collect();
    let statements: Vec<String> = statements.into_iter().collect();
    Check::new(
        "api_roles",
        CheckStatus::Failed,
        format!("{grantee} has rights on the {kind} {object}{others}"),
    )
    .hint(format!("run `forebay db up`, which takes them back: {}", statements.join("; ")))
    .next("forebay db up")
}

/// Tables and partitions whose row-level security is off.
pub(super) fn row_security(open: &[String]) -> Check {
    match open {
        [] => Check::ok("row_security", "it is on for every table of Forebay"),
        tables => Check::new("row_security", CheckStatus::Failed, format!("off for {}", tables.join(", ")))
            .run("forebay db up"),
    }
}
