//! Makes the persist request of a scrape from the source's definition and the options.

use forebay_domain::scope::Scope;

use super::{
    definition::{SourceDefinition, SourceKind},
    options::ScrapeOptions,
};
use crate::{
    error::{Error, Result},
    persist::PersistRequest,
};

/// Checks that a scope fills all placeholders in the source's settings.
pub(super) fn check_scope(source: &SourceDefinition, scope: &Scope) -> Result<()> {
    match source.kind.placeholders().into_iter().find(|name| scope.get(name).is_none()) {
        None => Ok(()),
        Some(missing) => {
            Err(Error::ScopeIncomplete { source_name: source.name.clone(), missing: missing.to_owned() })
        }
    }
}

/// The request of a scrape.
pub(super) fn request(source: &SourceDefinition, scope: &Scope, options: &ScrapeOptions) -> PersistRequest {
    PersistRequest {
        source: source.name.clone(),
        entity_type: Some(source.entity_type.clone()),
        key_fields: source.key_fields.clone(),
        rules: source.rules.clone(),
        on_duplicate: source.on_duplicate,
        scope: scope.clone(),
        // A tap reports only at its end whether it has sent everything.
        complete: source.complete || matches!(source.kind, SourceKind::Singer(_)),
        observed_at: options.observed_at,
        guards: options.guards.unwrap_or(source.guards),
        max_rejected_share: source.max_rejected_share,
        with_handoffs: options.with_handoffs,
        sequence_field: source.sequence_field.clone(),
        contract_version_column: contract_version_column(source),
        engine: source.kind.as_str().to_owned(),
    }
}

/// The column of the user's table with the contract version of a row.
fn contract_version_column(source: &SourceDefinition) -> Option<String> {
    match &source.kind {
        SourceKind::Postgres(rows) => rows.contract_version_column.clone(),
        _ => None,
    }
}
