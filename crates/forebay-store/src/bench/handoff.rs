//! What measuring the hand-off needs of a database besides the hand-off itself: the two peers, and what stands in a
//! queue's way.
//!
//! The peers get the same hand-offs in the same batches, as one call of their own bulk function, and make their message
//! of it in the server, so that no client is measured but the one that works the queue off. Their statements stand
//! here and not in `.sql` files, because those are checked against Forebay's schema.

use forebay_domain::identity::{ReferenceId, VersionHash};
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    handoffs::CHANNEL,
    types::{SqlHash, SqlId},
};

/// How a process outside gets to a database over the same road as `client`; never a password.
#[derive(Clone, Debug)]
pub struct Address {
    /// The folder of the server's socket.
    pub socket_folder: String,
    /// The port, which is part of the socket's name.
    pub port: String,
    /// Who is logged in.
    pub user: String,
}

/// Where the server of this database listens on a socket.
pub async fn address(client: &impl GenericClient) -> Result<Address> {
    // A folder may stand in quotes.
    let statement = "select coalesce(substring(s.folders from '^\"([^\"]*)\"'), split_part(s.folders, ',', 1)), \
             current_setting('port'), current_user::text \
         from current_setting('unix_socket_directories') as s (folders)";
    let row = client.query_typed_one(statement, &[]).await?;
    Ok(Address { socket_folder: row.try_get(0)?, port: row.try_get(1)?, user: row.try_get(2)? })
}

/// Gathers statistics, as the server does by itself a minute after a queue was filled. A drain is measured with them,
/// because the plans of the peers depend on it.
pub async fn analyze(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute("analyze").await?)
}

/// Leaves a transaction open on this connection that holds a snapshot, as a forgotten session or a long report does:
/// no row that dies from now on can be cleaned away until [`release_snapshot`].
pub async fn hold_snapshot(client: &impl GenericClient) -> Result<()> {
    client.batch_execute("begin isolation level repeatable read").await?;
    // The simple protocol, as a person at a prompt; what holds is the transaction's snapshot, not a portal's.
    Ok(client.batch_execute("select count(*) from pg_class").await?)
}

/// Ends what [`hold_snapshot`] began.
pub async fn release_snapshot(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute("rollback").await?)
}

/// Listens for work, on a connection of one's own.
pub async fn listen(client: &impl GenericClient) -> Result<()> {
    Ok(client.batch_execute(&format!("listen {CHANNEL}")).await?)
}

/// Installs pgmq from its own SQL, and makes a queue.
pub async fn create_pgmq(client: &impl GenericClient, install: &str) -> Result<()> {
    client.batch_execute(install).await?;
    Ok(client.batch_execute("select pgmq.create('bench')").await?)
}

/// Sends messages by pgmq's `send_batch`, in one transaction.
pub async fn send_pgmq(client: &impl GenericClient, handoffs: &[(ReferenceId, VersionHash)]) -> Result<u64> {
    let statement = "select count(*) from pgmq.send_batch('bench', array( \
         select jsonb_build_object('reference_id', h.reference_id, 'payload_hash', encode(h.payload_hash, 'hex')) \
         from unnest($1::uuid[], $2::bytea[]) as h (reference_id, payload_hash)))";
    add(client, statement, handoffs).await
}

/// Reads up to `limit` messages by pgmq's `read` and deletes them by its `delete`, a transaction each, and tells how
/// many that were.
pub async fn read_and_delete_pgmq(client: &impl GenericClient, limit: i32) -> Result<u64> {
    let read = "select r.msg_id, r.message from pgmq.read('bench', 300, $1) as r";
    let rows = client.query_typed(read, &[(&limit, Type::INT4)]).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut ids: Vec<i64> = Vec::with_capacity(rows.len());
    for row in &rows {
        let _message: serde_json::Value = row.try_get(1)?;
        ids.push(row.try_get(0)?);
    }
    let delete = "select count(*) from pgmq.delete('bench', $1)";
    count(client, delete, &[(&ids, Type::INT8_ARRAY)]).await
}

/// How many messages pgmq still has.
pub async fn count_pgmq(client: &impl GenericClient) -> Result<u64> {
    count(client, "select queue_length from pgmq.metrics('bench')", &[]).await
}

/// Adds jobs by graphile-worker's `add_jobs`, in one transaction.
pub async fn add_graphile_worker(
    client: &impl GenericClient,
    handoffs: &[(ReferenceId, VersionHash)],
) -> Result<u64> {
    let statement = "select count(*) from graphile_worker.add_jobs(array( \
         select row('ingest', json_build_object( \
                 'reference_id', h.reference_id, 'payload_hash', encode(h.payload_hash, 'hex')), \
             null, null, null, null, null, null)::graphile_worker.job_spec \
         from unnest($1::uuid[], $2::bytea[]) as h (reference_id, payload_hash)))";
    add(client, statement, handoffs).await
}

/// Adds one job that carries a number, by graphile-worker's `add_job`.
pub async fn add_one_graphile_worker(client: &impl GenericClient, number: i32) -> Result<()> {
    let statement = "select count(*) from graphile_worker.add_job('ingest', json_build_object('number', $1))";
    count(client, statement, &[(&number, Type::INT4)]).await?;
    Ok(())
}

/// How many jobs graphile-worker still has.
pub async fn count_graphile_worker(client: &impl GenericClient) -> Result<u64> {
    count(client, "select count(*) from graphile_worker.jobs", &[]).await
}

async fn add(
    client: &impl GenericClient,
    statement: &str,
    handoffs: &[(ReferenceId, VersionHash)],
) -> Result<u64> {
    let ids: Vec<SqlId> = handoffs.iter().map(|handoff| SqlId(handoff.0)).collect();
    let hashes: Vec<SqlHash> = handoffs.iter().map(|handoff| SqlHash(handoff.1)).collect();
    count(client, statement, &[(&ids, Type::UUID_ARRAY), (&hashes, Type::BYTEA_ARRAY)]).await
}

async fn count(
    client: &impl GenericClient,
    statement: &str,
    parameters: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)],
) -> Result<u64> {
    let row = client.query_typed_one(statement, parameters).await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
}
