//! The statements of the hand-off benchmark, except for those of the hand-off itself.
//!
//! Peers get the same hand-offs in the same batches, by one call of their own bulk function, and build their messages
//! in the server. So the only client that is measured is the one that drains the queue.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use forebay_domain::identity::ReferenceId;
use forebay_store::{handoffs::CHANNEL, jobs::Receipt};
use tokio_postgres::{
    GenericClient,
    types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked},
};

use super::subject::{Handoff, NAME};
use crate::failure::Failure;

type Result<T> = std::result::Result<T, Failure>;

/// How another process connects to the same database by the server's socket; never a password.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// The folder of the server's socket.
    pub(super) socket_folder: String,
    /// Part of the socket's name.
    pub(super) port: String,
    /// The current role.
    pub(super) user: String,
}

/// The socket of the server that `client` is connected to.
pub(super) async fn address(client: &impl GenericClient) -> Result<Address> {
    // The first of several folders, which may be quoted.
    let statement = "select coalesce(substring(s.folders from '^\"([^\"]*)\"'), \
                 split_part(s.folders, ',', 1)) as folder, \
             current_setting('port') as port, current_user::text as role \
         from current_setting('unix_socket_directories') as s (folders)";
    let row = client.query_typed_one(statement, &[]).await?;
    Ok(Address {
        socket_folder: row.try_get("folder")?,
        port: row.try_get("port")?,
        user: row.try_get("role")?,
    })
}

/// Gathers statistics, because the plans of the peers depend on them. Autovacuum does so about a minute after a queue
/// was filled.
pub(super) async fn analyze(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute("analyze").await?)
}

/// Holds a snapshot on this connection, as a forgotten session or a long report does. Until [`release_snapshot`],
/// vacuum cannot remove rows that die from now on.
pub(super) async fn hold_snapshot(client: &impl GenericClient) -> Result<()> {
    client.batch_execute("begin isolation level repeatable read").await?;
    // The simple protocol leaves no portal open: the transaction itself holds the snapshot.
    Ok(client.batch_execute("select count(*) from pg_class").await?)
}

/// Ends the transaction of [`hold_snapshot`].
pub(super) async fn release_snapshot(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute("rollback").await?)
}

/// Listens for new work on a dedicated connection.
pub(super) async fn listen(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute(&format!("listen {CHANNEL}")).await?)
}

/// Installs pgmq from its own SQL, and creates a queue.
pub(super) async fn create_pgmq(client: &impl GenericClient, install: &str) -> Result<()> {
    client.batch_execute(install).await?;
    Ok(client.batch_execute("select pgmq.create('bench')").await?)
}

/// Sends messages by pgmq's `send_batch`, in one transaction.
pub(super) async fn send_pgmq(client: &impl GenericClient, handoffs: &[Handoff]) -> Result<u64> {
    let statement = "select count(*) as num from pgmq.send_batch('bench', array( \
         select jsonb_build_object('reference_id', h.reference_id, 'payload_hash', encode(h.payload_hash, 'hex')) \
         from unnest($1::uuid[], $2::bytea[]) as h (reference_id, payload_hash)))";
    add(client, statement, handoffs).await
}

/// Reads up to `limit` messages by pgmq's `read` and deletes them by its `delete`, each in its own transaction. Returns
/// the number of deleted messages.
pub(super) async fn read_and_delete_pgmq(client: &impl GenericClient, limit: i32) -> Result<u64> {
    let read = "select r.msg_id, r.message from pgmq.read('bench', 300, $1) as r";
    let rows = client.query_typed(read, &[(&limit, Type::INT4)]).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut ids: Vec<i64> = Vec::with_capacity(rows.len());
    for row in &rows {
        let _message: serde_json::Value = row.try_get("message")?;
        ids.push(row.try_get("msg_id")?);
    }
    let delete = "select count(*) as num from pgmq.delete('bench', $1)";
    count(client, delete, &[(&ids, Type::INT8_ARRAY)]).await
}

/// How many messages pgmq still has.
pub(super) async fn count_pgmq(client: &impl GenericClient) -> Result<u64> {
    count(client, "select queue_length as num from pgmq.metrics('bench')", &[]).await
}

/// Adds jobs by graphile-worker's `add_jobs`, in one transaction.
pub(super) async fn add_graphile_worker(client: &impl GenericClient, handoffs: &[Handoff]) -> Result<u64> {
    let statement = "select count(*) as num from graphile_worker.add_jobs(array( \
         select row('ingest', json_build_object( \
                 'reference_id', h.reference_id, 'payload_hash', encode(h.payload_hash, 'hex')), \
             null, null, null, null, null, null)::graphile_worker.job_spec \
         from unnest($1::uuid[], $2::bytea[]) as h (reference_id, payload_hash)))";
    add(client, statement, handoffs).await
}

/// Adds one job with a number by graphile-worker's `add_job`.
pub(super) async fn add_one_graphile_worker(client: &impl GenericClient, number: i32) -> Result<()> {
    let statement =
        "select count(*) as num from graphile_worker.add_job('ingest', json_build_object('number', $1))";
    count(client, statement, &[(&number, Type::INT4)]).await?;
    Ok(())
}

/// Claims as a worker in another language does that does not ask for payloads: the peers' messages hold none either.
pub(super) async fn claim(
    client: &impl GenericClient,
    limit: u32,
    lease: Duration,
) -> Result<Vec<(ReferenceId, Receipt)>> {
    let statement = "select c.reference_id, c.receipt, c.change, c.version, c.payload_hash, c.generation, c.attempt \
         from forebay.claim_jobs($1, $2, make_interval(secs => $3), $1, false) as c";
    let limit = i32::try_from(limit).unwrap_or(i32::MAX);
    let parameters: [(&(dyn ToSql + Sync), Type); 3] =
        [(&NAME, Type::TEXT), (&limit, Type::INT4), (&lease.as_secs_f64(), Type::FLOAT8)];
    let rows = client.query_typed(statement, &parameters).await?;
    rows.iter().map(|row| Ok((row.try_get::<_, Uuid>("reference_id")?.0, row.try_get("receipt")?))).collect()
}

/// How many jobs graphile-worker still has.
pub(super) async fn count_graphile_worker(client: &impl GenericClient) -> Result<u64> {
    count(client, "select count(*) as num from graphile_worker.jobs", &[]).await
}

async fn add(client: &impl GenericClient, statement: &str, handoffs: &[Handoff]) -> Result<u64> {
    let ids: Vec<Uuid> = handoffs.iter().map(|handoff| Uuid(handoff.0)).collect();
    let hashes: Vec<&[u8]> = handoffs.iter().map(|handoff| handoff.1.0.as_slice()).collect();
    count(client, statement, &[(&ids, Type::UUID_ARRAY), (&hashes, Type::BYTEA_ARRAY)]).await
}

/// Runs a statement that returns one row with the column `num`.
async fn count(
    client: &impl GenericClient,
    statement: &str,
    parameters: &[(&(dyn ToSql + Sync), Type)],
) -> Result<u64> {
    let row = client.query_typed_one(statement, parameters).await?;
    Ok(u64::try_from(row.try_get::<_, i64>("num")?).unwrap_or(0))
}

/// A `reference_id` as a `uuid`.
#[derive(Debug)]
struct Uuid(ReferenceId);

impl ToSql for Uuid {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.put_slice(&self.0.0);
        Ok(IsNull::No)
    }
    accepts!(UUID);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Uuid {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> std::result::Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(ReferenceId(raw.try_into()?)))
    }
    accepts!(UUID);
}
