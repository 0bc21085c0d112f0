//! Binary COPY into a table. Rows are encoded directly into the buffer that is sent to the socket.
//!
//! The format is described in PostgreSQL's documentation of COPY ("Binary Format"): a signature, then for each row the
//! number of fields and each field with its length. The driver's COPY needs a prepared statement; inside a transaction,
//! which all callers use, that is safe behind a transaction-mode pooler.

use std::pin::Pin;

use bytes::{BufMut, Bytes, BytesMut};
use forebay_domain::identity::{ReferenceId, VersionHash};
use futures_util::SinkExt;
use jiff::Timestamp;
use tokio_postgres::{CopyInSink, Transaction};

use crate::{error::Result, types::postgres_microseconds};

/// Rows are sent in pieces of about this many bytes.
const PIECE: usize = 256 * 1024;

/// An open COPY. Call [`CopyWriter::finish`], or the rows are discarded.
pub(crate) struct CopyWriter {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    buffer: BytesMut,
}

impl CopyWriter {
    /// Begins `statement`, a `copy … from stdin with (format binary)`.
    pub(crate) async fn begin(transaction: &Transaction<'_>, statement: &str) -> Result<Self> {
        let sink = Box::pin(transaction.copy_in(statement).await?);
        let mut buffer = BytesMut::with_capacity(PIECE + PIECE / 4);
        buffer.put_slice(b"PGCOPY\n\xff\r\n\0");
        buffer.put_i32(0);
        buffer.put_i32(0);
        Ok(Self { sink, buffer })
    }

    /// Begins a row of `num_fields`. Sends the buffer first if it is full.
    pub(crate) async fn row(&mut self, num_fields: i16) -> Result<&mut Self> {
        if self.buffer.len() >= PIECE {
            let piece = self.buffer.split().freeze();
            self.sink.send(piece).await?;
        }
        self.buffer.put_i16(num_fields);
        Ok(self)
    }

    pub(crate) fn id(&mut self, id: ReferenceId) -> &mut Self {
        self.bytes(&id.0)
    }

    pub(crate) fn hash(&mut self, hash: VersionHash) -> &mut Self {
        self.bytes(&hash.0)
    }

    pub(crate) fn int4(&mut self, value: i32) -> &mut Self {
        self.buffer.put_i32(4);
        self.buffer.put_i32(value);
        self
    }

    pub(crate) fn int8(&mut self, value: i64) -> &mut Self {
        self.buffer.put_i32(8);
        self.buffer.put_i64(value);
        self
    }

    pub(crate) fn timestamp(&mut self, at: Timestamp) -> &mut Self {
        self.int8(postgres_microseconds(at))
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// JSON text for a `jsonb` column, preceded by its version byte.
    pub(crate) fn jsonb(&mut self, json: &[u8]) -> &mut Self {
        self.put_length(json.len() + 1);
        self.buffer.put_u8(1);
        self.buffer.put_slice(json);
        self
    }

    pub(crate) fn jsonb_or_null(&mut self, json: Option<&str>) -> &mut Self {
        match json {
            Some(json) => self.jsonb(json.as_bytes()),
            None => self.null(),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.put_length(bytes.len());
        self.buffer.put_slice(bytes);
        self
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.buffer.put_i32(-1);
        self
    }

    /// Ends the COPY and returns the number of rows.
    pub(crate) async fn finish(mut self) -> Result<u64> {
        self.buffer.put_i16(-1);
        self.sink.send(self.buffer.split().freeze()).await?;
        Ok(self.sink.as_mut().finish().await?)
    }

    /// Records are limited to far less than 2 GiB, so every length fits; Postgres would refuse the row of the
    /// fallback.
    fn put_length(&mut self, length: usize) {
        self.buffer.put_i32(i32::try_from(length).unwrap_or(i32::MAX));
    }
}
