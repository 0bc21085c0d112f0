//! The freshness ledger: when each entity type and scope was last synced, and the state of its current attempt.
//!
//! At most one sync of a scope runs at a time. [`begin`] is a compare-and-swap in one statement: the caller passes the
//! attempt that it has read ([`find`]); of all callers that read the same one, exactly one gets the next. So if many
//! processes find a scope stale at the same moment, one scrapes, and the others are given its attempt. An attempt is
//! fenced by a receipt and considered alive until its lease expires; an abandoned attempt is taken over, once, by the
//! same rule.
//!
//! Leases use the database's clock, so the clocks of machines don't matter.

use std::time::Duration;

use forebay_domain::scope::Scope;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{
    error::{Error, Result},
    jobs::Receipt,
    row::ReadRow,
};

/// Begins the next attempt of a scope if none is in progress.
pub const BEGIN: &str = include_str!("freshness/begin.sql");
/// Reads one entry.
pub const FIND: &str = include_str!("freshness/find.sql");

/// How often [`begin`] retries when the entry changes concurrently.
const MAX_ATTEMPTS: usize = 8;

forebay_domain::words! {
    /// The state of the last attempt.
    pub enum SyncStatus {
        /// In progress, unless its lease has expired.
        InProgress = "in_progress",
        /// It succeeded.
        Success = "success",
        /// It failed; the last sync is unchanged.
        Failed = "failed",
    }
}

/// The ledger's entry for one scope.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// The entity type.
    pub entity_type: String,
    /// The scope, as text.
    pub scope: String,
    /// The state of the last attempt.
    pub status: SyncStatus,
    /// The number of the last attempt, from 1.
    pub attempt: i64,
    /// When the whole scope was last synced.
    pub last_sync: Option<Timestamp>,
    /// When the last attempt began.
    pub started_at: Timestamp,
    /// When the entry last changed.
    pub updated_at: Timestamp,
    /// When the lease of the current attempt expires.
    pub lease_until: Option<Timestamp>,
    /// An attempt is in progress and its lease is valid, by the database's clock.
    pub is_held: bool,
    /// The last attempt that succeeded covered only a part of the scope.
    pub is_partial: bool,
    /// Failed attempts since the last success.
    pub num_failures: i32,
    /// Number of records of the sync at `last_sync`.
    pub num_records: Option<i64>,
    /// The run of the last attempt that had one.
    pub run_id: Option<i64>,
    /// The run of the sync at `last_sync`, if it had one.
    pub synced_run_id: Option<i64>,
    /// The source that was used at `last_sync`.
    pub source_name: Option<String>,
    /// Code of the last failure; `None` after a success.
    pub error_code: Option<String>,
    /// Message of the last failure.
    pub error: Option<String>,
}

/// The result of [`begin`].
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// The caller owns the new attempt.
    Acquired {
        /// Pass it to [`extend`], [`succeed`] or [`fail`].
        holder: Receipt,
        /// The current entry.
        entry: LedgerEntry,
    },
    /// Another attempt is in progress.
    Busy {
        /// When its lease expires, unless it is extended.
        lease_until: Timestamp,
        /// The current entry.
        entry: LedgerEntry,
    },
    /// Another attempt began and ended since the caller read the entry.
    Ended(LedgerEntry),
}

/// The result of a successful sync.
#[derive(Clone, Debug, Default)]
pub struct Synced<'a> {
    /// It covered only a part of the scope, so the whole is no fresher than before.
    pub is_partial: bool,
    /// Number of records.
    pub num_records: Option<i64>,
    /// Its run.
    pub run_id: Option<i64>,
    /// The source that was used.
    pub source_name: Option<&'a str>,
    /// When reading the source began: later changes may be missing. `None`: now.
    pub synced_at: Option<Timestamp>,
}

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct LedgerFilter {
    /// Only this entity type.
    pub entity_type: Option<String>,
    /// Only entries that need attention: never synced as a whole, failing, abandoned, or older than the limit for their
    /// entity type. `None`: every entry.
    pub stale: Option<StaleBefore>,
    /// Only entries after this entity type and scope, in list order.
    pub after: Option<(String, String)>,
}

/// The earliest time of a sync that is recent enough.
#[derive(Clone, Debug)]
pub struct StaleBefore {
    /// For these entity types.
    pub by_type: Vec<(String, Timestamp)>,
    /// For all others.
    pub otherwise: Timestamp,
}

/// The entry of a scope, by one indexed read. `None`: no attempt was ever begun.
pub async fn find(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
) -> Result<Option<LedgerEntry>> {
    let row =
        client.query_typed_opt(FIND, &[(&entity_type, Type::TEXT), (&scope.to_string(), Type::TEXT)]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Begins an attempt, unless another one began after `attempt` was read (0: there was no entry). Takes over an
/// abandoned attempt.
///
/// Call it outside a transaction, or in one that commits at once: other callers wait for it. Errors: `schema_missing`;
/// `busy` in the unlikely case that the entry changed on every try.
pub async fn begin(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
    attempt: i64,
    lease: Duration,
) -> Result<Begun> {
    let scope_text = scope.to_string();
    let mut attempt = attempt;
    for _ in 0..MAX_ATTEMPTS {
        let row = client
            .query_typed_opt(
                BEGIN,
                &[
                    (&entity_type, Type::TEXT),
                    (&scope_text, Type::TEXT),
                    (&attempt, Type::INT8),
                    (&lease.as_secs_f64(), Type::FLOAT8),
                ],
            )
            .await?;
        if let Some(row) = row {
            return Ok(Begun::Acquired { holder: row.read("holder")?, entry: from_row(&row)? });
        }
        // A separate statement, because the previous one doesn't see the row that it waited for.
        let Some(entry) = find(client, entity_type, scope).await? else { continue };
        match entry.lease_until {
            Some(lease_until) if entry.is_held => return Ok(Begun::Busy { lease_until, entry }),
            // Abandoned: every caller that has read it may take it over.
            Some(_) => attempt = entry.attempt,
            None if entry.attempt != attempt => return Ok(Begun::Ended(entry)),
            None => {}
        }
    }
    Err(Error::Busy { what: format!("the ledger's entry of {entity_type}") })
}

/// Extends the lease to `lease` from now. `false`: the caller no longer owns the attempt. A zero lease abandons the
/// attempt, so the next caller takes it over.
pub async fn extend(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
    holder: Receipt,
    lease: Duration,
) -> Result<bool> {
    let statement = "update forebay.sync_metadata set lease_until = now() + make_interval(secs => $4) \
         where entity_type = $1 and scope = $2 and holder = $3 and status = 'in_progress'";
    let num_rows = client
        .execute_typed(
            statement,
            &[
                (&entity_type, Type::TEXT),
                (&scope.to_string(), Type::TEXT),
                (&holder, Type::UUID),
                (&lease.as_secs_f64(), Type::FLOAT8),
            ],
        )
        .await?;
    Ok(num_rows == 1)
}

/// Ends the attempt successfully. `None`: the caller no longer owns the attempt, and nothing is changed.
///
/// To make both atomic, call it in the transaction that writes the last records.
pub async fn succeed(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
    holder: Receipt,
    synced: &Synced<'_>,
) -> Result<Option<LedgerEntry>> {
    let row = client
        .query_typed_opt(
            include_str!("freshness/succeed.sql"),
            &[
                (&entity_type, Type::TEXT),
                (&scope.to_string(), Type::TEXT),
                (&holder, Type::UUID),
                (&synced.is_partial, Type::BOOL),
                (&synced.num_records, Type::INT8),
                (&synced.run_id, Type::INT8),
                (&synced.source_name, Type::TEXT),
                (&synced.synced_at, Type::TIMESTAMPTZ),
            ],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Returns an attempt that is no longer needed because the scope was synced another way. `false`: the caller no longer
/// owns the attempt.
pub async fn give_back(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
    holder: Receipt,
) -> Result<bool> {
    let statement = "update forebay.sync_metadata set status = 'success', holder = null, lease_until = null, \
             error_code = null, error = null, updated_at = now() \
         where entity_type = $1 and scope = $2 and holder = $3 and status = 'in_progress' and last_sync is not null";
    let num_rows = client
        .execute_typed(
            statement,
            &[(&entity_type, Type::TEXT), (&scope.to_string(), Type::TEXT), (&holder, Type::UUID)],
        )
        .await?;
    Ok(num_rows == 1)
}

/// Ends the attempt with an error; the last sync is unchanged. `None`: the caller no longer owns the attempt.
pub async fn fail(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
    holder: Receipt,
    error_code: &str,
    error: &str,
    run_id: Option<i64>,
) -> Result<Option<LedgerEntry>> {
    let row = client
        .query_typed_opt(
            include_str!("freshness/fail.sql"),
            &[
                (&entity_type, Type::TEXT),
                (&scope.to_string(), Type::TEXT),
                (&holder, Type::UUID),
                (&error_code, Type::TEXT),
                (&error.replace('\0', "\u{fffd}"), Type::TEXT),
                (&run_id, Type::INT8),
            ],
        )
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// Records the failure of a scrape that was not an attempt of the ledger. The last sync and an attempt in progress stay
/// unchanged. Returns whether it was recorded.
pub async fn note_failure(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
    error_code: &str,
    error: &str,
    run_id: Option<i64>,
) -> Result<bool> {
    let num_rows = client
        .execute_typed(
            include_str!("freshness/note_failure.sql"),
            &[
                (&entity_type, Type::TEXT),
                (&scope.to_string(), Type::TEXT),
                (&error_code, Type::TEXT),
                (&error.replace('\0', "\u{fffd}"), Type::TEXT),
                (&run_id, Type::INT8),
            ],
        )
        .await?;
    Ok(num_rows == 1)
}

/// Records a sync of a whole scope that happened while the ledger was unavailable. It never makes an entry older, and
/// an attempt in progress stays unchanged. Returns whether the entry became newer.
pub async fn catch_up(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
    synced_at: Timestamp,
    synced: &Synced<'_>,
) -> Result<bool> {
    if synced.is_partial {
        return Ok(false);
    }
    let num_rows = client
        .execute_typed(
            include_str!("freshness/catch_up.sql"),
            &[
                (&entity_type, Type::TEXT),
                (&scope.to_string(), Type::TEXT),
                (&synced_at, Type::TIMESTAMPTZ),
                (&synced.num_records, Type::INT8),
                (&synced.run_id, Type::INT8),
                (&synced.source_name, Type::TEXT),
            ],
        )
        .await?;
    Ok(num_rows == 1)
}

/// At most `limit` entries, by entity type and scope.
pub async fn list(
    client: &impl GenericClient,
    filter: &LedgerFilter,
    limit: u32,
) -> Result<Vec<LedgerEntry>> {
    let stale = filter.stale.as_ref();
    let (types, times): (Vec<&str>, Vec<Timestamp>) = stale
        .map(|stale| stale.by_type.iter().map(|(name, before)| (name.as_str(), *before)).unzip())
        .unwrap_or_default();
    let (after_type, after_scope) = filter.after.as_ref().map(|(name, scope)| (name, scope)).unzip();
    let rows = client
        .query_typed(
            include_str!("freshness/list.sql"),
            &[
                (&filter.entity_type, Type::TEXT),
                (&after_type, Type::TEXT),
                (&after_scope, Type::TEXT),
                (&types, Type::TEXT_ARRAY),
                (&times, Type::TIMESTAMPTZ_ARRAY),
                (&stale.map(|stale| stale.otherwise), Type::TIMESTAMPTZ),
                (&i64::from(limit), Type::INT8),
            ],
        )
        .await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<LedgerEntry> {
    Ok(LedgerEntry {
        entity_type: row.read("entity_type")?,
        scope: row.read("scope")?,
        status: row.word("status")?,
        attempt: row.read("attempt")?,
        last_sync: row.read("last_sync")?,
        started_at: row.read("started_at")?,
        updated_at: row.read("updated_at")?,
        lease_until: row.read("lease_until")?,
        is_held: row.read("is_held")?,
        is_partial: row.read("is_partial")?,
        num_failures: row.read("num_failures")?,
        num_records: row.read("num_records")?,
        run_id: row.read("run_id")?,
        synced_run_id: row.read("synced_run_id")?,
        source_name: row.read("source_name")?,
        error_code: row.read("error_code")?,
        error: row.read("error")?,
    })
}
