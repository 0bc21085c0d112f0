//! Checks of a source's definition that involve more than one setting.
//!
//! An error names the source and the field as the configuration spells it, so that a program can point to it. The
//! settings of a kind alone are checked when the kind is created.

use std::collections::BTreeSet;

use forebay_domain::{
    breaker::{MAX_PROBES, MAX_WINDOW},
    conflicts::{self, RecordSettings, SettingConflict},
    identity::{self, KeyField, SourceIdentityError, check_source},
};
use forebay_sources::kinds::PageReader;

use super::{SourceDefinition, SourceKind, Sources};
use crate::scrape::rows_spec::rows_spec;

/// A source whose settings contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct DefinitionError {
    /// The source.
    pub source_name: String,
    /// The path to the field in the source, such as `["scopes", "1"]`. Empty: the source itself.
    pub field: Vec<String>,
    /// What is wrong.
    pub problem: DefinitionProblem,
}

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DefinitionProblem {
    /// Its name, a key field, or its entity type.
    #[error(transparent)]
    Identity(#[from] SourceIdentityError),
    /// Settings for its records that contradict each other.
    #[error(transparent)]
    Conflict(#[from] SettingConflict),
    /// A table of the user's that cannot be read by this name.
    #[error("{problem}")]
    Rows {
        /// The setting.
        setting: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// No key fields, and the kind has none by default.
    #[error("missing field `key`")]
    KeyMissing,
    /// A key field that no selector fills, so no record would have a key.
    #[error("no record would have the key field `{field}`: add it to html.fields or html.detail.fields")]
    KeyFieldNotSelected {
        /// The field.
        field: String,
        /// The fields that selectors fill.
        known: Vec<String>,
    },
    /// An empty name for the sequence field.
    #[error("sequence must name a field")]
    SequenceEmpty,
    /// `complete` for a feed.
    #[error("a feed shows only its latest entries, so a missing entry is not gone: remove complete")]
    FeedComplete,
    /// `complete` for a tap.
    #[error("a tap reports itself whether it sent everything: remove complete")]
    TapComplete,
    /// A scope that leaves a placeholder open.
    #[error("the scope has no `{0}`, but the URL has a placeholder for it")]
    ScopeIncomplete(String),
    /// The same scope twice.
    #[error("this scope is listed twice")]
    ScopeTwice,
    /// A schedule for a source whose URL needs a scope, but without declared scopes.
    #[error("the schedule needs scopes: the URL has a placeholder for `{0}`")]
    ScheduleWithoutScopes(String),
    /// A number of the breaker that is out of range.
    #[error("{name} must be a whole number from 1 to {max}")]
    BreakerRange {
        /// The setting.
        name: &'static str,
        /// The largest number.
        max: u32,
    },
    /// `min_calls` is larger than the breaker's window.
    #[error("min_calls is larger than window, so the breaker would never open")]
    BreakerMinCalls,
    /// The initial wait is longer than the maximum.
    #[error("wait must not be longer than max_wait")]
    BreakerWait,
    /// A fallback that doesn't exist, or has no kind.
    #[error("there is no source `{name}` that can be scraped")]
    FallbackUnknown {
        /// The fallback.
        name: String,
        /// The sources that can be scraped.
        known: Vec<String>,
    },
    /// The same fallback twice.
    #[error("the fallback `{0}` is listed twice")]
    FallbackTwice(String),
    /// A fallback with records of another type.
    #[error("`{name}` cannot be a fallback: its records are of type `{found}`, not `{expected}`")]
    FallbackType {
        /// The fallback.
        name: String,
        /// The type of its records.
        found: String,
        /// The type of the source's records.
        expected: String,
    },
    /// A fallback whose own fallbacks lead back to the source.
    #[error("the fallback `{0}` leads back to this source")]
    FallbackLoop(String),
}

/// Checks all sources of a configuration, each by itself and their fallbacks.
pub fn check(sources: &Sources) -> Result<(), DefinitionError> {
    for source in sources.values() {
        source.check()?;
    }
    sources.values().try_for_each(|source| check_fallbacks(source, sources))
}

impl DefinitionProblem {
    /// The unknown name in the problem and the valid names, for a suggestion.
    pub fn suggestion(&self) -> Option<(&str, &[String])> {
        match self {
            Self::KeyFieldNotSelected { field, known } => Some((field, known)),
            Self::FallbackUnknown { name, known } => Some((name, known)),
            _ => None,
        }
    }
}

impl SourceDefinition {
    /// Checks the source by itself, without its fallbacks.
    pub fn check(&self) -> Result<(), DefinitionError> {
        check_identity(&self.name, &self.key_fields)?;
        check_entity_type(&self.name, &self.entity_type)?;
        self.check_selected()?;
        if let SourceKind::Postgres(postgres) = &self.kind
            && let Err(error) = rows_spec(postgres)
        {
            let setting = if postgres.table.is_some() { "table" } else { "contract_version_column" };
            let problem = DefinitionProblem::Rows { setting, problem: error.to_string() };
            return Err(self.problem(&["postgres", setting], problem));
        }
        let settings = RecordSettings {
            key_fields: &self.key_fields,
            rules: &self.rules,
            mode: self.mode,
            on_duplicate: &self.on_duplicate,
            removed_when: self.removed_when.field(),
            rekey: self.guards.rekey,
            removals: self.guards.removals,
        };
        check_settings(&self.name, &settings)?;
        if self.sequence_field.as_deref() == Some("") {
            return Err(self.problem(&["sequence"], DefinitionProblem::SequenceEmpty));
        }
        match &self.kind {
            SourceKind::Pages(kind) if self.complete && matches!(kind.reader(), PageReader::Feed(_)) => {
                return Err(self.problem(&["complete"], DefinitionProblem::FeedComplete));
            }
            SourceKind::Singer(_) if self.complete => {
                return Err(self.problem(&["complete"], DefinitionProblem::TapComplete));
            }
            _ => {}
        }
        self.check_breaker()?;
        self.check_scopes()
    }

    fn check_breaker(&self) -> Result<(), DefinitionError> {
        let breaker = &self.breaker;
        let wrong = |name, problem| Err(self.problem(&["breaker", name], problem));
        for (name, number, max) in [
            ("window", breaker.window, MAX_WINDOW),
            ("min_calls", breaker.min_calls, MAX_WINDOW),
            ("probes", breaker.probes, MAX_PROBES),
            ("success_threshold", breaker.success_threshold, u32::MAX),
        ] {
            if number == 0 || number > max {
                return wrong(name, DefinitionProblem::BreakerRange { name, max });
            }
        }
        if breaker.min_calls > breaker.window {
            return wrong("min_calls", DefinitionProblem::BreakerMinCalls);
        }
        if breaker.wait > breaker.max_wait {
            return wrong("wait", DefinitionProblem::BreakerWait);
        }
        Ok(())
    }

    /// A key field that no selector fills would leave every record without a key.
    fn check_selected(&self) -> Result<(), DefinitionError> {
        let Some(selected) = self.selected_fields() else { return Ok(()) };
        for (index, text) in self.key_fields.iter().enumerate() {
            let Ok(key_field) = text.parse::<KeyField>() else { continue };
            let Some(field) = key_field.path().first() else { continue };
            if !selected.contains(field) {
                let known = selected.into_iter().collect();
                let problem = DefinitionProblem::KeyFieldNotSelected { field: field.clone(), known };
                return Err(self.problem(&["key", &index.to_string()], problem));
            }
        }
        Ok(())
    }

    /// The fields that selectors fill; `None` for kinds without selectors.
    fn selected_fields(&self) -> Option<BTreeSet<String>> {
        let SourceKind::Pages(kind) = &self.kind else { return None };
        let PageReader::Html(html) = kind.reader() else { return None };
        let detail = html.detail.iter().flat_map(|detail| detail.fields.keys());
        Some(html.fields.keys().chain(detail).cloned().collect())
    }

    /// Every declared scope must fill all placeholders, and a schedule needs such scopes if the URL has placeholders.
    fn check_scopes(&self) -> Result<(), DefinitionError> {
        let placeholders = self.kind.placeholders();
        for (index, scope) in self.scopes.iter().enumerate() {
            let wrong = |problem| Err(self.problem(&["scopes", &index.to_string()], problem));
            if let Some(missing) = placeholders.iter().find(|name| scope.get(name).is_none()) {
                return wrong(DefinitionProblem::ScopeIncomplete((*missing).to_owned()));
            }
            if self.scopes[..index].contains(scope) {
                return wrong(DefinitionProblem::ScopeTwice);
            }
        }
        match placeholders.first() {
            Some(missing) if self.scopes.is_empty() && self.schedule.is_some() => {
                Err(self
                    .problem(&["schedule"], DefinitionProblem::ScheduleWithoutScopes((*missing).to_owned())))
            }
            _ => Ok(()),
        }
    }

    fn problem(&self, field: &[&str], problem: DefinitionProblem) -> DefinitionError {
        DefinitionError::new(&self.name, field, problem)
    }
}

impl DefinitionError {
    fn new(source_name: &str, field: &[&str], problem: DefinitionProblem) -> Self {
        let field = field.iter().map(|part| (*part).to_owned()).collect();
        Self { source_name: source_name.to_owned(), field, problem }
    }
}

/// Checks the name and the key fields of a source, with or without a kind.
pub fn check_identity(source_name: &str, key_fields: &[String]) -> Result<(), DefinitionError> {
    let wrong = |field: &[&str], problem| Err(DefinitionError::new(source_name, field, problem));
    match check_source(source_name, key_fields) {
        Err(error @ SourceIdentityError::Name(_)) => wrong(&[], error.into()),
        Err(error @ SourceIdentityError::EntityEmpty) => wrong(&["entity"], error.into()),
        Err(error @ SourceIdentityError::OnlyScope) => wrong(&["key"], error.into()),
        Err(
            error @ (SourceIdentityError::KeyField { index, .. }
            | SourceIdentityError::KeyFieldTwice { index, .. }
            | SourceIdentityError::HashNotAlone { index }),
        ) => wrong(&["key", &index.to_string()], error.into()),
        Ok(()) if key_fields.is_empty() => wrong(&[], DefinitionProblem::KeyMissing),
        Ok(()) => Ok(()),
    }
}

/// Checks settings for the records of a source.
pub fn check_settings(source_name: &str, settings: &RecordSettings<'_>) -> Result<(), DefinitionError> {
    conflicts::check(settings)
        .map_err(|conflict| DefinitionError::new(source_name, conflict.setting(), conflict.into()))
}

/// Checks the entity type of a source, with or without a kind.
pub fn check_entity_type(source_name: &str, entity_type: &str) -> Result<(), DefinitionError> {
    identity::check_entity_type(entity_type)
        .map_err(|error| DefinitionError::new(source_name, &["entity"], error.into()))
}

/// A fallback has records of the same type, can be scraped, and does not lead back to the source.
fn check_fallbacks(source: &SourceDefinition, sources: &Sources) -> Result<(), DefinitionError> {
    for (index, name) in source.fallback.iter().enumerate() {
        let wrong = |problem| Err(source.problem(&["fallback", &index.to_string()], problem));
        let Some(found) = sources.get(name) else {
            let known = sources.keys().filter(|known| **known != source.name).cloned().collect();
            return wrong(DefinitionProblem::FallbackUnknown { name: name.clone(), known });
        };
        if source.fallback[..index].contains(name) {
            return wrong(DefinitionProblem::FallbackTwice(name.clone()));
        }
        if found.entity_type != source.entity_type {
            return wrong(DefinitionProblem::FallbackType {
                name: name.clone(),
                found: found.entity_type.clone(),
                expected: source.entity_type.clone(),
            });
        }
        if leads_to(name, &source.name, sources) {
            return wrong(DefinitionProblem::FallbackLoop(name.clone()));
        }
    }
    Ok(())
}

/// Whether the fallbacks of a source, directly or indirectly, include another one.
fn leads_to(from: &str, to: &str, sources: &Sources) -> bool {
    let (mut open, mut seen) = (vec![from], BTreeSet::new());
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(sources.get(name).iter().flat_map(|source| &source.fallback).map(String::as_str));
        }
    }
    false
}
