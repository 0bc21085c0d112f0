//! How fresh an entity type and scope is.

use forebay_engine::freshness::ScopeFreshness;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, time::Time};

/// An entry of the freshness ledger, judged by the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Freshness {
    /// The entity type.
    pub entity_type: String,
    /// The scope, as `name=value` pairs; empty: the whole.
    pub scope: String,
    /// How the stored data may be used. `fresh`: use it. `stale_while_revalidate`: use it and refresh it in the
    /// background. `stale_if_error`: refresh it, and use it if that fails. `expired`: refresh it before use. `never`:
    /// the whole scope was never synced.
    #[schemars(schema_with = "crate::words::freshness")]
    pub freshness: String,
    /// The severity of its age, by `warn_after` and `error_after` of the configuration; null: it was never synced, and
    /// neither is configured.
    #[schemars(schema_with = "crate::words::age_status_or_null")]
    pub age_status: Option<String>,
    /// Seconds since the last sync; null: it was never synced.
    pub age_seconds: Option<u64>,
    /// When it expires or expired; null: it was never synced.
    pub fresh_until: Option<Time>,
    /// When the whole scope was last synced; null: never.
    pub last_sync_at: Option<Time>,
    /// The status of the last attempt; null: there was none.
    #[schemars(schema_with = "crate::words::sync_status_or_null")]
    pub status: Option<String>,
    /// Whether an attempt is in progress and its process is alive.
    pub is_under_way: bool,
    /// Whether the last successful attempt covered only part of the scope.
    pub is_partial: bool,
    /// Failed attempts since the last success.
    pub num_failures: u32,
    /// Records that are active in the scope now, over all sources of the type; null: it was never synced.
    pub num_records: Option<u64>,
    /// The run of the last attempt with a run; null: there is none.
    pub run_id: Option<i64>,
    /// The name of the source that answered at the last sync; null: it was never synced.
    pub source: Option<String>,
    /// Why the last attempt failed; null: there is no failure since the last success.
    pub error: Option<Error>,
}

impl From<ScopeFreshness> for Freshness {
    fn from(of: ScopeFreshness) -> Self {
        let ScopeFreshness { entity_type, scope, judgement, entry, .. } = of;
        let without_attempt = Self {
            entity_type,
            scope,
            freshness: judgement.freshness.as_str().to_owned(),
            age_status: judgement.status.map(|status| status.as_str().to_owned()),
            age_seconds: judgement.age.map(|age| age.as_secs().unsigned_abs()),
            fresh_until: judgement.fresh_until.map(Time::from),
            last_sync_at: None,
            status: None,
            is_under_way: false,
            is_partial: false,
            num_failures: 0,
            num_records: None,
            run_id: None,
            source: None,
            error: None,
        };
        let Some(entry) = entry else { return without_attempt };
        let message = entry.error.unwrap_or_default();
        Self {
            last_sync_at: entry.last_sync.map(Time::from),
            status: Some(entry.status.as_str().to_owned()),
            is_under_way: entry.is_held,
            is_partial: entry.is_partial,
            num_failures: entry.num_failures.unsigned_abs(),
            num_records: entry.num_records.map(i64::unsigned_abs),
            run_id: entry.run_id,
            source: entry.source_name,
            error: entry.error_code.map(|code| Error { code, message, hint: None, place: None }),
            ..without_attempt
        }
    }
}
