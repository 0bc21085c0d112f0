//! The peer of persisting: one binary COPY of the same rows into a table with a primary key and nothing else.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use forebay_domain::{
    identity::{KeyField, ReferenceId},
    prepare::{Preparer, RecordPolicy},
};
use forebay_store::connect::Client;
use futures_util::{SinkExt, TryStreamExt, pin_mut};
use tempfile::NamedTempFile;
use tokio_postgres::types::Type;

use crate::{failure::Failure, scratch::settle};

const CREATE: &str = "create table raw_copy \
    (reference_id uuid primary key, version_hash bytea not null, payload jsonb not null)";
const DROP: &str = "drop table if exists raw_copy";
const COPY_IN: &str = "copy raw_copy from stdin with (format binary)";
const COPY_OUT: &str = "copy raw_copy to stdout with (format binary)";
const INSERT: &str =
    "insert into raw_copy select * from unnest($1::text[]::uuid[], $2::bytea[], $3::text[]::jsonb[])";
const INSERTED_AT_ONCE: usize = 10_000;
const READ_AT_ONCE: usize = 256 * 1024;

/// Writes the rows of a file of records to another file, as Postgres itself writes them for a binary COPY.
pub(super) async fn dump(client: &Client, source: &str, records: &Path) -> Result<NamedTempFile, Failure> {
    let text = std::fs::read_to_string(records)?;
    let mut preparer = Preparer::new(Arc::new(policy(source)));
    client.batch_execute(DROP).await?;
    client.batch_execute(CREATE).await?;
    let lines: Vec<&str> = text.lines().collect();
    for lines in lines.chunks(INSERTED_AT_ONCE) {
        let mut rows = Rows::default();
        for line in lines {
            rows.add(&mut preparer, line)?;
        }
        rows.insert(client).await?;
    }

    let mut file = NamedTempFile::new()?;
    let mut out = BufWriter::new(file.as_file_mut());
    let pieces = client.copy_out(COPY_OUT).await?;
    pin_mut!(pieces);
    while let Some(piece) = pieces.try_next().await? {
        out.write_all(&piece)?;
    }
    out.flush()?;
    drop(out);
    client.batch_execute(DROP).await?;
    Ok(file)
}

fn policy(source: &str) -> RecordPolicy {
    RecordPolicy::new(source, "id".parse::<KeyField>().into_iter().collect())
}

#[derive(Default)]
struct Rows {
    ids: Vec<ReferenceId>,
    hashes: Vec<Vec<u8>>,
    payloads: Vec<String>,
}

impl Rows {
    fn add(&mut self, preparer: &mut Preparer, line: &str) -> Result<(), Failure> {
        let (mut payload, mut key) = (Vec::new(), String::new());
        let record = preparer
            .prepare(line.as_bytes(), &mut payload, &mut key)
            .map_err(|_| Failure::bench("a made-up record was rejected"))?;
        self.ids.push(record.reference_id);
        self.hashes.push(record.version_hash.0.to_vec());
        self.payloads.push(String::from_utf8_lossy(&payload).into_owned());
        Ok(())
    }

    async fn insert(&self, client: &Client) -> Result<(), Failure> {
        let ids: Vec<String> = self.ids.iter().map(ReferenceId::to_string).collect();
        client
            .execute_typed(
                INSERT,
                &[
                    (&ids, Type::TEXT_ARRAY),
                    (&self.hashes, Type::BYTEA_ARRAY),
                    (&self.payloads, Type::TEXT_ARRAY),
                ],
            )
            .await?;
        Ok(())
    }
}

/// How long one COPY of such a file into a new table takes.
pub(super) async fn sample(client: &mut Client, dump: &Path) -> Result<Duration, Failure> {
    let mut file = File::open(dump)?;
    client.batch_execute(DROP).await?;
    settle(&***client).await?;
    let started = Instant::now();
    client.batch_execute(CREATE).await?;
    copy(client, &mut file).await?;
    let elapsed = started.elapsed();
    // Persisting must not pay for the vacuum of this table.
    client.batch_execute(DROP).await?;
    Ok(elapsed)
}

async fn copy(client: &mut Client, input: &mut impl Read) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    let sink = transaction.copy_in(COPY_IN).await?;
    pin_mut!(sink);
    loop {
        let mut piece = BytesMut::zeroed(READ_AT_ONCE);
        let length = input.read(&mut piece)?;
        if length == 0 {
            break;
        }
        piece.truncate(length);
        sink.send(piece.freeze()).await?;
    }
    sink.finish().await?;
    Ok(transaction.commit().await?)
}
