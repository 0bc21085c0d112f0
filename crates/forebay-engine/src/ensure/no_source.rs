//! The error for a scope that no source can be scraped for, with a hint about what exists.

use std::collections::BTreeSet;

use super::answer::EnsureError;
use crate::scrape::{SourceDefinition, Sources};

/// Maximum number of scopes named in a hint.
const SCOPES_NAMED: usize = 10;

/// The code of the error for an entity type or scope that no source yields.
pub const NO_SOURCE: &str = "no_source";

/// The error for a request that no source can answer.
pub(super) fn no_source(sources: &Sources, entity_type: &str) -> EnsureError {
    let of_type: Vec<&SourceDefinition> =
        sources.values().filter(|source| source.entity_type == entity_type).collect();
    let scopes: Vec<String> = of_type
        .iter()
        .flat_map(|source| &source.scopes)
        .take(SCOPES_NAMED)
        .map(|scope| format!("`{scope}`"))
        .collect();
    let needed: BTreeSet<&str> = of_type.iter().flat_map(|source| source.kind.placeholders()).collect();
    let for_this_scope = format!("no source yields {entity_type} for this scope");
    let (message, hint) = if of_type.is_empty() {
        (
            format!("no source yields {entity_type}"),
            "`forebay sources list` shows the sources; declare one as [sources.NAME] in forebay.toml"
                .to_owned(),
        )
    } else if !scopes.is_empty() {
        (for_this_scope, format!("the known scopes are {}", scopes.join(", ")))
    } else if !needed.is_empty() {
        let needed = needed.into_iter().collect::<Vec<_>>().join(", ");
        (for_this_scope, format!("the scope must include {needed}"))
    } else {
        (for_this_scope, "omit the scope: its sources are not divided into scopes".to_owned())
    };
    EnsureError {
        code: NO_SOURCE.to_owned(),
        message,
        hint: Some(hint),
        retry_after_seconds: None,
        is_unreachable: false,
    }
}
