//! What the benchmarks need of a database: a scratch database of their own, and the peer that persisting is measured
//! against.

use std::io::{self, Read, Write};

use bytes::BytesMut;
use forebay_domain::identity::{ReferenceId, VersionHash};
use futures_util::{SinkExt, TryStreamExt, pin_mut};
use tokio_postgres::GenericClient;

pub mod chaos;
pub mod ensure;
pub mod handoff;
pub mod scrape;

use crate::{
    connect::Client,
    copy::CopyWriter,
    error::{Error, Result},
};

/// The name of the scratch database; one benchmark at a time can use a server.
pub const SCRATCH: &str = "forebay_bench";

/// Makes an empty scratch database on the server that `client` is connected to.
pub async fn create_scratch(client: &impl GenericClient) -> Result<()> {
    drop_scratch(client).await?;
    client.batch_execute(&format!("create database {SCRATCH}")).await?;
    Ok(())
}

/// Drops the scratch database.
pub async fn drop_scratch(client: &impl GenericClient) -> Result<()> {
    client.batch_execute(&format!("drop database if exists {SCRATCH} with (force)")).await?;
    Ok(())
}

const COPY_IN: &str = "copy raw_copy (reference_id, version_hash, payload) from stdin with (format binary)";
const COPY_OUT: &str = "copy raw_copy (reference_id, version_hash, payload) to stdout with (format binary)";

/// Makes the peer's table empty: id, hash and `jsonb` with a primary key, and nothing else.
async fn create_raw_table(client: &Client) -> Result<()> {
    client
        .batch_execute(
            "drop table if exists raw_copy; create table raw_copy \
                 (reference_id uuid primary key, version_hash bytea not null, payload jsonb not null)",
        )
        .await?;
    Ok(())
}

/// Writes rows to a file as Postgres itself writes them for a binary COPY.
pub async fn dump_rows<P: AsRef<[u8]>>(
    client: &mut Client,
    rows: impl Iterator<Item = (ReferenceId, VersionHash, P)>,
    out: &mut impl Write,
) -> Result<()> {
    create_raw_table(client).await?;
    let transaction = client.transaction().await?;
    let mut copy = CopyWriter::begin(&transaction, COPY_IN).await?;
    for (id, hash, payload) in rows {
        copy.row(3).await?.id(id).hash(hash).jsonb(payload.as_ref());
    }
    copy.finish().await?;
    // In the order of the input, as a raw COPY would get them.
    let pieces = transaction.copy_out(COPY_OUT).await?;
    pin_mut!(pieces);
    while let Some(piece) = pieces.try_next().await? {
        out.write_all(&piece).map_err(scratch)?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The peer: one binary COPY of such a file into the peer's table, made anew.
pub async fn raw_copy(client: &mut Client, input: &mut impl Read) -> Result<u64> {
    create_raw_table(client).await?;
    let transaction = client.transaction().await?;
    let sink = transaction.copy_in(COPY_IN).await?;
    pin_mut!(sink);
    loop {
        let mut piece = BytesMut::zeroed(256 * 1024);
        let length = input.read(&mut piece).map_err(scratch)?;
        if length == 0 {
            break;
        }
        piece.truncate(length);
        sink.send(piece.freeze()).await?;
    }
    let num_rows = sink.finish().await?;
    transaction.commit().await?;
    Ok(num_rows)
}

fn scratch(source: io::Error) -> Error {
    Error::ClusterFolder { action: "use", path: std::env::temp_dir(), source }
}

/// Bytes of WAL written since the server began, by everybody.
pub async fn wal_bytes(client: &impl GenericClient) -> Result<u64> {
    let statement = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8";
    let row = client.query_typed_one(statement, &[]).await?;
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
}

/// Does now what the server would do later on its own account: drops the peer's table, vacuums, and flushes what was
/// written. So one measurement does not pay for the one before.
pub async fn settle(client: &impl GenericClient) -> Result<()> {
    client.batch_execute("drop table if exists raw_copy").await?;
    client.batch_execute("vacuum (analyze)").await?;
    client.batch_execute("checkpoint").await?;
    Ok(())
}
