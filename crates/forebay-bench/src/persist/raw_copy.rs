//! The peer of persisting: one binary COPY of the same rows into a table with a primary key and nothing else.
//!
//! The peer shares a process with persisting, whose memory is measured. So rows pass through it in small pieces, and no
//! buffer outlives its step.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{BufMut, BytesMut};
use forebay_domain::{
    identity::KeyField,
    prepare::{Preparer, RecordPolicy},
};
use forebay_store::connect::Client;
use futures_util::{SinkExt, TryStreamExt, pin_mut};
use tempfile::NamedTempFile;

use crate::{failure::Failure, scratch::settle};

const CREATE: &str = "create table raw_copy \
    (reference_id uuid primary key, version_hash bytea not null, payload jsonb not null)";
const DROP: &str = "drop table if exists raw_copy";
const COPY_IN: &str = "copy raw_copy from stdin with (format binary)";
const COPY_OUT: &str = "copy raw_copy to stdout with (format binary)";
/// The size of the pieces that are sent.
const PIECE: usize = 256 * 1024;

/// Writes the rows of a file of records to another file, as Postgres itself writes them for a binary COPY.
pub(super) async fn dump(
    client: &mut Client,
    source: &str,
    records: &Path,
) -> Result<NamedTempFile, Failure> {
    client.batch_execute(DROP).await?;
    client.batch_execute(CREATE).await?;
    copy(client, &mut Rows::open(source, records)?).await?;

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
        let mut piece = BytesMut::zeroed(PIECE);
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

/// Reads records as the rows of a binary COPY.
struct Rows {
    records: BufReader<File>,
    preparer: Preparer,
    line: Vec<u8>,
    payload: Vec<u8>,
    key: String,
    /// What was not read yet.
    encoded: Vec<u8>,
    is_at_end: bool,
}

impl Rows {
    fn open(source: &str, records: &Path) -> io::Result<Self> {
        let policy = RecordPolicy::new(source, "id".parse::<KeyField>().into_iter().collect());
        Ok(Self {
            records: BufReader::new(File::open(records)?),
            preparer: Preparer::new(Arc::new(policy)),
            line: Vec::new(),
            payload: Vec::new(),
            key: String::new(),
            // The signature, no flags, no extension.
            encoded: b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec(),
            is_at_end: false,
        })
    }

    /// Encodes the next record, or the end.
    fn encode(&mut self) -> io::Result<()> {
        self.line.clear();
        if self.records.read_until(b'\n', &mut self.line)? == 0 {
            self.is_at_end = true;
            self.encoded.put_i16(-1);
            return Ok(());
        }
        self.payload.clear();
        self.key.clear();
        let record = self
            .preparer
            .prepare(&self.line, &mut self.payload, &mut self.key)
            .map_err(|_| io::Error::other("a made-up record was rejected"))?;
        self.encoded.put_i16(3);
        for field in [&record.reference_id.0[..], &record.version_hash.0[..]] {
            self.put_length(field.len());
            self.encoded.put_slice(field);
        }
        self.put_length(self.payload.len() + 1);
        // The version of jsonb's binary form.
        self.encoded.put_u8(1);
        self.encoded.put_slice(&self.payload);
        Ok(())
    }

    fn put_length(&mut self, length: usize) {
        // Made-up records are small.
        self.encoded.put_i32(i32::try_from(length).unwrap_or(i32::MAX));
    }
}

impl Read for Rows {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.encoded.len() < out.len() && !self.is_at_end {
            self.encode()?;
        }
        let length = self.encoded.len().min(out.len());
        out[..length].copy_from_slice(&self.encoded[..length]);
        self.encoded.drain(..length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_same_in_pieces_of_any_size() {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(b"{\"id\": 1}\n{\"id\":2,\"a\":null}\n").unwrap();
        let read = |size: usize| {
            let mut rows = Rows::open("bench", file.path()).unwrap();
            let (mut all, mut piece) = (Vec::new(), vec![0; size]);
            loop {
                match rows.read(&mut piece).unwrap() {
                    0 => return all,
                    length => all.extend_from_slice(&piece[..length]),
                }
            }
        };
        let whole = read(1 << 20);
        assert_eq!(whole, read(1));
        assert_eq!(whole, read(7));
        // The signature, two rows of an id, a hash and a payload with its version, and the end.
        let row = |payload: usize| 2 + (4 + 16) + (4 + 32) + (4 + 1 + payload);
        assert_eq!(whole.len(), 19 + row(8) + row(17) + 2);
        assert!(whole.ends_with(b"\x01{\"a\":null,\"id\":2}\xff\xff"), "{}", whole.escape_ascii());
    }
}
