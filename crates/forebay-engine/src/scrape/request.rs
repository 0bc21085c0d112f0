//! The persist request of a source that Forebay can scrape, and of a scrape with its options.

use std::sync::Arc;

use forebay_domain::scope::Scope;

use super::{
    definition::{SourceDefinition, SourceKind},
    options::ScrapeOptions,
};
use crate::{
    error::{Error, Result},
    persist::{PersistRequest, policy::SourcePolicy},
};

/// The request of a scrape.
pub(super) fn request(source: &SourceDefinition, scope: &Scope, options: &ScrapeOptions) -> PersistRequest {
    let of_source = source.persist_request();
    PersistRequest {
        max_duration: options.max_duration.or(of_source.max_duration),
        scope: scope.clone(),
        complete: source.complete,
        observed_at: options.observed_at,
        overrides: options.overrides,
        with_handoffs: options.with_handoffs,
        is_on_demand: options.is_on_demand,
        engine: source.kind.as_str().to_owned(),
        ..of_source
    }
}

impl SourceDefinition {
    /// Rejects a scope that the source doesn't have: a scrape would fail, or store the same records under another
    /// scope.
    pub fn check_scope(&self, scope: &Scope) -> Result<()> {
        if self.covers(scope) {
            return Ok(());
        }
        let source_name = self.name.clone();
        Err(match self.kind.placeholders().into_iter().find(|name| scope.get(name).is_none()) {
            Some(missing) => Error::ScopeIncomplete { source_name, missing: missing.to_owned() },
            None => Error::NoSuchScope { source_name, scope: scope.clone() },
        })
    }

    /// A request to persist records of this source that come from somewhere else, such as a file. It covers the whole
    /// source and is not complete.
    pub fn persist_request(&self) -> PersistRequest {
        let policy = self.policy();
        PersistRequest {
            entity_type: Some(self.entity_type.clone()),
            rules: Some(policy.rules),
            on_duplicate: Some(policy.on_duplicate),
            guards: Some(policy.guards),
            max_rejected_share: Some(policy.max_rejected_share),
            max_rejected_kept: Some(policy.max_rejected_kept),
            max_duration: self.max_duration,
            sequence_field: Some(policy.sequence_field),
            contract_version_column: Some(policy.contract_version_column),
            require_end: Some(policy.require_end),
            mode: Some(policy.mode),
            removed_when: Some(policy.removed_when),
            entities: Arc::clone(&self.entities),
            project: self.project.clone(),
            ..PersistRequest::new(&self.name, &self.key_fields)
        }
    }

    /// The policy that its runs store.
    pub(super) fn policy(&self) -> SourcePolicy {
        SourcePolicy {
            rules: self.rules.clone(),
            on_duplicate: self.on_duplicate.clone(),
            guards: self.guards,
            max_rejected_share: self.max_rejected_share,
            max_rejected_kept: self.max_rejected_kept,
            sequence_field: self.sequence_field.clone(),
            contract_version_column: self.contract_version_column().map(str::to_owned),
            require_end: self.require_end,
            mode: self.mode,
            removed_when: self.removed_when.clone(),
        }
    }

    /// The column of the user's table with the contract version of a row.
    fn contract_version_column(&self) -> Option<&str> {
        match &self.kind {
            SourceKind::Postgres(rows) => rows.contract_version_column.as_deref(),
            _ => None,
        }
    }
}
