//! Which hand-offs a page is about.

use forebay_domain::handoff::State;
use forebay_store::handoffs::{HandoffFilter, Selection};
use forebay_views::Time;
use serde::Deserialize;

use super::address::Address;

/// Which hand-offs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    pub(super) pipeline: Option<String>,
    pub(super) state: Option<State>,
    pub(super) source: Option<String>,
    pub(super) reason_code: Option<String>,
    pub(super) failure_code: Option<String>,
    pub(super) since: Option<Time>,
    pub(super) after: Option<String>,
}

impl Filter {
    pub(super) fn for_store(&self, limit: i64) -> HandoffFilter {
        HandoffFilter {
            pipeline: self.pipeline.clone(),
            state: self.state.map(|state| state.to_string()),
            reason_code: self.reason_code.clone(),
            failure_code: self.failure_code.clone(),
            source: self.source.clone(),
            since: self.since.map(Time::get),
            limit,
            ..HandoffFilter::default()
        }
    }

    /// The filter of an operation.
    pub(super) fn of(selection: &Selection) -> Self {
        let Selection { pipeline, state, source, reason_code, failure_code, since, .. } = selection.clone();
        Self { pipeline, state, source, reason_code, failure_code, since: since.map(Time::from), after: None }
    }

    /// What an operation selects by it.
    pub(super) fn selection(&self) -> Selection {
        let Self { pipeline, state, source, reason_code, failure_code, since, after: _ } = self.clone();
        let since = since.map(Time::get);
        Selection { pipeline, source, state, reason_code, failure_code, since, ..Selection::default() }
    }

    /// A page about the same hand-offs.
    pub(super) fn address(&self, path: &str) -> Address {
        let since = self.since.map(|since| since.to_string()).unwrap_or_default();
        Address::new(
            path,
            [
                ("pipeline", self.pipeline.as_deref().unwrap_or_default()),
                ("state", self.state.map(State::as_str).unwrap_or_default()),
                ("source", self.source.as_deref().unwrap_or_default()),
                ("reason_code", self.reason_code.as_deref().unwrap_or_default()),
                ("failure_code", self.failure_code.as_deref().unwrap_or_default()),
                ("since", &since),
            ],
        )
    }
}
