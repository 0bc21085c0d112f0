//! Input that did not become a record, with its location and reason.

use std::sync::Arc;

use forebay_domain::reject::{Place, Reject};
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, references::Record};

/// A rejected piece of input.
#[derive(Clone, Debug)]
pub struct Rejected {
    /// The page that contained it, if the run read pages.
    pub url: Option<Arc<str>>,
    /// Its position.
    pub place: Place,
    /// The reason.
    pub reject: Reject,
    /// Its bytes, truncated to [`RAW_LIMIT`].
    pub raw: Vec<u8>,
    /// Its full length in bytes.
    pub raw_length: u64,
}

/// Maximum number of stored bytes of a rejected input.
pub const RAW_LIMIT: usize = 64 * 1024;

impl Rejected {
    /// A record that was read, and is rejected with its payload.
    pub fn record(record: &Record<'_>, reject: Reject) -> Self {
        let Record { payload, lineage, .. } = record;
        Self {
            url: lineage.url.map(Arc::from),
            place: lineage.place,
            reject,
            raw: payload[..payload.len().min(RAW_LIMIT)].to_vec(),
            raw_length: payload.len() as u64,
        }
    }
}

/// Stores a batch of rejected records.
pub async fn add(client: &impl GenericClient, run_id: i64, input: &str, batch: &[Rejected]) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let signed = |value: u64| i64::try_from(value).ok();
    let lines: Vec<Option<i64>> =
        batch.iter().map(|r| signed(r.place.line).filter(|line| *line > 0)).collect();
    let offsets: Vec<Option<i64>> = batch.iter().map(|r| signed(r.place.offset)).collect();
    let reasons: Vec<&str> = batch.iter().map(|r| r.reject.reason.as_str()).collect();
    let messages: Vec<String> = batch.iter().map(|r| r.reject.message.replace('\0', "\u{fffd}")).collect();
    let texts: Vec<Option<&str>> = batch.iter().map(|r| storable_text(&r.raw)).collect();
    let bytes: Vec<Option<&[u8]>> =
        batch.iter().zip(&texts).map(|(r, text)| text.is_none().then_some(r.raw.as_slice())).collect();
    let lengths: Vec<Option<i64>> = batch.iter().map(|r| signed(r.raw_length)).collect();
    let urls: Vec<Option<&str>> = batch.iter().map(|r| r.url.as_deref()).collect();
    client
        .execute_typed(
            "insert into forebay.rejected_records \
                 (run_id, input, line, byte_offset, reason_code, message, raw_text, raw_bytes, raw_length) \
             select $1, coalesce(r.url, $2), r.line, r.byte_offset, r.reason_code, r.message, r.raw_text, r.raw_bytes, \
                 r.raw_length \
             from unnest($3::int8[], $4::int8[], $5::text[], $6::text[], $7::text[], \
                 $8::bytea[], $9::int8[], $10::text[]) \
                 as r (line, byte_offset, reason_code, message, raw_text, raw_bytes, raw_length, url)",
            &[
                (&run_id, Type::INT8),
                (&input, Type::TEXT),
                (&lines, Type::INT8_ARRAY),
                (&offsets, Type::INT8_ARRAY),
                (&reasons, Type::TEXT_ARRAY),
                (&messages, Type::TEXT_ARRAY),
                (&texts, Type::TEXT_ARRAY),
                (&bytes, Type::BYTEA_ARRAY),
                (&lengths, Type::INT8_ARRAY),
                (&urls, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// The input as text, if Postgres can store it as text.
fn storable_text(raw: &[u8]) -> Option<&str> {
    std::str::from_utf8(raw).ok().filter(|text| !text.contains('\0'))
}
