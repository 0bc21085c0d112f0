//! The data for a self-check: the server, the role's rights, dead rows and their holders, the queues.
//!
//! Nothing here judges or changes anything; `forebay doctor` decides what is wrong.

use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::{
    GenericClient,
    types::{ToSql, Type},
};

use crate::{
    error::Result,
    row::ReadRow,
    workers::{ALIVE_FOR, OUTSIDE_ALIVE_FOR},
};

mod attention;
mod objects;
mod payloads;
mod pipeline_tables;
mod seconds;
use self::seconds::seconds;
pub use attention::{
    Attention, ClosedTarget, Exposed, FrozenSource, GoneTarget, HeldRun, MissingEmbeddings, OpenBreaker,
    held_runs, open_breakers,
};
#[cfg(feature = "testing")]
pub use objects::object_lines;
pub use objects::{Difference, ObjectDifference, objects};
pub use payloads::{StoredPayload, StoredPayloads, mark_payload, payload_by_history, restore_payload};

/// Reads the server's properties.
const SERVER: &str = include_str!("doctor/server.sql");
/// Lists the missing rights.
const RIGHTS: &str = include_str!("doctor/rights.sql");
/// Roles of workers that can't work.
const WORKER_ROLES: &str = include_str!("doctor/worker_roles.sql");
/// Counts dead rows.
const BLOAT: &str = include_str!("doctor/bloat.sql");
/// Lists the holders of dead rows.
const HOLDERS: &str = include_str!("doctor/holders.sql");
/// Reads the state of each pipeline's queue.
const QUEUES: &str = include_str!("doctor/queues.sql");

/// The server, as the connection's role sees it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct Server {
    /// Its version as reported, such as `17.2 (Debian …)`.
    pub version: String,
    /// The major version, such as 17.
    pub major: i32,
    /// The role of the connection.
    pub role: String,
    /// Whether it refuses writes: a standby, or a database that is set to read only.
    pub is_read_only: bool,
    /// Its clock.
    pub now: Timestamp,
    /// Whether autovacuum is on.
    pub has_autovacuum: bool,
    /// Whether this database has the extension `vector`.
    pub has_vector: bool,
    /// Whether the role for workers outside the database exists.
    pub has_worker_role: bool,
}

forebay_domain::words! {
    /// An extension that the server has.
    pub enum ExtensionState {
        /// It can be created in this database.
        Available = "available",
        /// This database has it.
        Installed = "installed",
    }
}

/// The row counts of a hot table, from the server's statistics.
#[derive(Clone, Debug)]
pub struct Bloat {
    /// The table, without its schema.
    pub table: String,
    /// Live rows.
    pub num_live: u64,
    /// Dead row versions that still occupy space.
    pub num_dead: u64,
}

forebay_domain::words! {
    /// Kinds of holders that prevent the removal of dead rows.
    pub enum HolderKind {
        /// A session in a transaction.
        Session = "session",
        /// A prepared transaction.
        Prepared = "prepared",
        /// A replication slot.
        Slot = "slot",
    }
}

/// A holder that prevents the removal of dead rows.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Its kind.
    pub kind: HolderKind,
    /// Its server process, if it has one.
    pub pid: Option<i32>,
    /// The session's application name, or the name of the prepared transaction or slot.
    pub name: String,
    /// The state of the session (`active`, `idle in transaction`, …) or of the slot (`active`, `inactive`).
    pub state: Option<String>,
    /// Number of transactions begun since.
    pub num_transactions: i32,
    /// For how long; `None` for slots, which don't record it.
    pub held: Option<Duration>,
}

/// The queue of a pipeline.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The pipeline.
    pub pipeline: String,
    /// Whether its jobs may be claimed.
    pub enabled: bool,
    /// Its handler.
    pub handler: String,
    /// Unclaimed jobs, of those that were looked at.
    pub num_free: u64,
    /// Whether there may be more than those.
    pub has_more: bool,
    /// Unclaimed jobs that are due.
    pub num_due: u64,
    /// How long the oldest of them has been due.
    pub oldest_due: Option<Duration>,
    /// Jobs of claims whose lease has expired.
    pub num_ended: u64,
    /// How long ago the first of these leases expired.
    pub ended_for: Option<Duration>,
    /// Whether a live worker works for it; false if nothing is due.
    pub is_worked: bool,
}

/// A role that a pipeline names for its workers, and that can't work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedRole {
    /// Its name, quoted for SQL where necessary.
    pub role: String,
    /// The first pipeline that names it.
    pub pipeline: String,
    /// Whether it exists.
    pub is_there: bool,
}

/// Whether the server has an extension; `None`: it doesn't.
pub async fn extension(client: &impl GenericClient, name: &str) -> Result<Option<ExtensionState>> {
    let statement = "select a.installed_version is not null as is_installed \
         from pg_available_extensions as a where a.name = $1";
    let row = client.query_typed_opt(statement, &[(&name, Type::TEXT)]).await?;
    let is_installed = row.map(|row| row.read::<bool>("is_installed")).transpose()?;
    Ok(is_installed.map(|yes| if yes { ExtensionState::Installed } else { ExtensionState::Available }))
}

/// Reads the server's properties. Works without our schema.
pub async fn server(client: &impl GenericClient) -> Result<Server> {
    let row = client.query_typed_one(SERVER, &[]).await?;
    Ok(Server {
        version: row.read("version")?,
        major: row.read::<i32>("version_number")? / 10_000,
        role: row.read("role_name")?,
        is_read_only: row.read("is_read_only")?,
        now: row.read("now")?,
        has_autovacuum: row.read("has_autovacuum")?,
        has_vector: row.read("has_vector")?,
        has_worker_role: row.read("has_worker_role")?,
    })
}

/// The rights that the connection's role needs and lacks, each as words that follow "may not".
pub async fn missing_rights(client: &impl GenericClient) -> Result<Vec<String>> {
    let rows = client.query_typed(RIGHTS, &[]).await?;
    rows.iter().map(|row| row.read("missing")).collect()
}

/// The roles that pipelines name for their workers, and that don't exist or may not call the functions.
pub async fn closed_roles(client: &impl GenericClient) -> Result<Vec<ClosedRole>> {
    let rows = client.query_typed(WORKER_ROLES, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(ClosedRole {
                role: row.read("role_name")?,
                pipeline: row.read("pipeline")?,
                is_there: row.read("is_there")?,
            })
        })
        .collect()
}

/// The dead rows of the hot tables.
pub async fn bloat(client: &impl GenericClient) -> Result<Vec<Bloat>> {
    let rows = client.query_typed(BLOAT, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Bloat {
                table: row.read("table_name")?,
                num_live: row.count("num_live")?,
                num_dead: row.count("num_dead")?,
            })
        })
        .collect()
}

/// The holders of dead rows, oldest first, at most 20.
pub async fn holders(client: &impl GenericClient) -> Result<Vec<Holder>> {
    let rows = client.query_typed(HOLDERS, &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Holder {
                kind: row.word("kind")?,
                pid: row.read("pid")?,
                name: row.read("name")?,
                state: row.read("state")?,
                num_transactions: row.read("age_transactions")?,
                held: seconds(row, "held_seconds")?,
            })
        })
        .collect()
}

/// A source with a run that claims to have observed it far in the future.
#[derive(Clone, Debug)]
pub struct FutureRun {
    /// The source.
    pub source: String,
    /// The latest of these runs.
    pub run_id: i64,
    /// When it claims to have observed the source.
    pub observed_at: Timestamp,
    /// The number of such runs.
    pub num_runs: u64,
}

/// Sources with applied runs that are more than 24 hours ahead of the server's clock, by name.
pub async fn future_runs(client: &impl GenericClient) -> Result<Vec<FutureRun>> {
    let rows = client.query_typed(include_str!("doctor/future_runs.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(FutureRun {
                source: row.read("source")?,
                run_id: row.read("run_id")?,
                observed_at: row.read("observed_at")?,
                num_runs: row.count("num_runs")?,
            })
        })
        .collect()
}

/// The queues of all pipelines, by name. At most `most` jobs of each are looked at; `None`: all. Reads all outcomes if
/// jobs of unknown external workers are due.
pub async fn queues(client: &impl GenericClient, most: Option<u32>) -> Result<Vec<Queue>> {
    let (own, outside) = (ALIVE_FOR.as_secs_f64(), OUTSIDE_ALIVE_FOR.as_secs_f64());
    let most = most.map(i64::from);
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&own, Type::FLOAT8), (&outside, Type::FLOAT8), (&most, Type::INT8)];
    let rows = client.query_typed(QUEUES, &parameters).await?;
    rows.iter()
        .map(|row| {
            let num_free = row.count("num_free")?;
            Ok(Queue {
                pipeline: row.read("pipeline")?,
                enabled: row.read("enabled")?,
                handler: row.read("handler")?,
                num_free,
                has_more: most.is_some_and(|most| num_free >= most.unsigned_abs()),
                num_due: row.count("num_due")?,
                oldest_due: seconds(row, "oldest_due_seconds")?,
                num_ended: row.count("num_ended")?,
                ended_for: seconds(row, "ended_seconds")?,
                is_worked: row.read("is_worked")?,
            })
        })
        .collect()
}
