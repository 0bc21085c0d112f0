//! The ledger of freshness: when each entity type and scope was last synced, and who is at it now.
//!
//! At most one sync of a scope is under way. [`begin`] is a comparison and a swap in one statement: the caller names the
//! attempt that it has seen ([`find`]), and of all who have seen the same one gets the next. So however many processes
//! find a scope stale at the same moment, one scrapes, and those who come too late get to know of its attempt instead of
//! beginning another. Whoever has an attempt is fenced by a receipt and believed alive until its lease ends; one that
//! died is taken over by the same rule, once.
//!
//! Times of leases are the database's, so that the clocks of machines do not matter.

use std::time::Duration;

use forebay_domain::scope::Scope;
use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{
    error::{Error, Result},
    jobs::Receipt,
    row::ReadRow,
};

/// Takes the next attempt of a scope, if it is free.
pub const BEGIN: &str = include_str!("freshness/begin.sql");
/// Reads one entry.
pub const FIND: &str = include_str!("freshness/find.sql");

/// How often [`begin`] looks again when the entry changes under its eyes.
const MAX_LOOKS: usize = 8;

forebay_domain::words! {
    /// How the last attempt stands.
    pub enum SyncStatus {
        /// Under way, unless its lease has run out.
        InProgress = "in_progress",
        /// It succeeded.
        Success = "success",
        /// It failed; the last sync before it still stands.
        Failed = "failed",
    }
}

/// What the ledger says of one scope.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerEntry {
    /// The entity type.
    pub entity_type: String,
    /// The scope, as text.
    pub scope: String,
    /// How the last attempt stands.
    pub status: SyncStatus,
    /// The number of the last attempt, from 1.
    pub attempt: i64,
    /// When the whole scope was last synced.
    pub last_sync: Option<Timestamp>,
    /// When the last attempt began.
    pub started_at: Timestamp,
    /// When the entry last changed.
    pub updated_at: Timestamp,
    /// Until when the attempt under way is believed to be alive.
    pub lease_until: Option<Timestamp>,
    /// It is under way and its lease holds, by the database's clock.
    pub is_held: bool,
    /// The last attempt that succeeded covered only a part of the scope.
    pub is_partial: bool,
    /// Attempts that failed since one succeeded.
    pub num_failures: i32,
    /// Records of the sync at `last_sync`.
    pub num_records: Option<i64>,
    /// The run of the last attempt that had one.
    pub run_id: Option<i64>,
    /// The source that answered at `last_sync`.
    pub source_name: Option<String>,
    /// Why the last failure was one, as a stable word; `None` since one succeeded.
    pub error_code: Option<String>,
    /// Why, as a sentence.
    pub error: Option<String>,
}

/// What [`begin`] answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// The attempt is the caller's.
    Acquired {
        /// To be given to [`extend`], [`succeed`] or [`fail`].
        holder: Receipt,
        /// The entry as it is now.
        entry: LedgerEntry,
    },
    /// Somebody else is at it.
    Busy {
        /// Until when that one is believed to be alive, unless it extends its lease.
        lease_until: Timestamp,
        /// The entry as it is now.
        entry: LedgerEntry,
    },
    /// Somebody else began and ended an attempt since the caller looked; this is what came of it.
    Ended(LedgerEntry),
}

/// What a sync that succeeded brought.
#[derive(Clone, Debug, Default)]
pub struct Synced<'a> {
    /// It covered only a part of the scope: then the whole is no fresher than before.
    pub is_partial: bool,
    /// Its records.
    pub num_records: Option<i64>,
    /// Its run.
    pub run_id: Option<i64>,
    /// The source that answered.
    pub source_name: Option<&'a str>,
    /// When the source began to be asked: what changed since may not have been seen. `None`: now.
    pub synced_at: Option<Timestamp>,
}

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct LedgerFilter {
    /// Only this entity type.
    pub entity_type: Option<String>,
    /// Only what wants looking after: never synced as a whole, failing, abandoned, or older than its entity type's
    /// time. `None`: every entry.
    pub stale: Option<StaleBefore>,
    /// Only entries after this entity type and scope, in the order of the list.
    pub after: Option<(String, String)>,
}

/// Since when a sync is recent enough.
#[derive(Clone, Debug)]
pub struct StaleBefore {
    /// For these entity types.
    pub by_type: Vec<(String, Timestamp)>,
    /// For all others.
    pub otherwise: Timestamp,
}

/// What the ledger says of a scope; one indexed read. `None`: nothing was ever begun.
pub async fn find(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
) -> Result<Option<LedgerEntry>> {
    let row =
        client.query_typed_opt(FIND, &[(&entity_type, Type::TEXT), (&scope.to_string(), Type::TEXT)]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Begins an attempt, unless somebody else began one since `attempt` was read (0: there was no entry). One that was
/// abandoned is taken over.
///
/// Call it outside of a transaction, or in one that commits at once: others wait for it. Errors: `schema_missing`;
/// `busy` in the unlikely case that the entry changed each time it was looked at.
pub async fn begin(
    client: &impl GenericClient,
    entity_type: &str,
    scope: &Scope,
    attempt: i64,
    lease: Duration,
) -> Result<Begun> {
    let scope_text = scope.to_string();
    let mut attempt = attempt;
    for _ in 0..MAX_LOOKS {
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
        // A statement of its own, because the one before does not see what it waited for.
        let Some(entry) = find(client, entity_type, scope).await? else { continue };
        match entry.lease_until {
            Some(lease_until) if entry.is_held => return Ok(Begun::Busy { lease_until, entry }),
            // Abandoned: whoever has seen that may take it over.
            Some(_) => attempt = entry.attempt,
            None if entry.attempt != attempt => return Ok(Begun::Ended(entry)),
            None => {}
        }
    }
    Err(Error::Busy { what: format!("the ledger's entry of {entity_type}") })
}

/// Says that the attempt is alive, until `lease` from now; false if it is not the caller's any more. A lease of nothing
/// gives the attempt up: the next who asks takes it over.
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

/// Ends the attempt well; `None` if it is not the caller's any more, and then nothing is changed.
///
/// In the transaction that writes the last of the records, if the two are to be one.
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

/// Gives an attempt back that turned out not to be needed, because the scope was synced in another way meanwhile. False
/// if it is not the caller's any more.
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

/// Ends the attempt with an error; the last sync before it still stands. `None` if it is not the caller's any more.
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

/// Notes that a scrape of a scope failed which was no attempt of the ledger's own: whoever looks sees it. The last sync
/// stays, and an attempt that is under way is left alone. Tells whether it was noted.
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

/// Enters a sync of a whole scope that happened while the ledger could not be written. It never makes an entry older,
/// and leaves an attempt that is under way alone. Tells whether it made the entry younger.
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
        source_name: row.read("source_name")?,
        error_code: row.read("error_code")?,
        error: row.read("error")?,
    })
}
