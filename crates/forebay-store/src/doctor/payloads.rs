//! Stored payloads with their hashes, and what the history says about one of them.

use std::{fmt, pin::Pin};

use forebay_domain::identity::{ReferenceId, VersionHash};
use futures_util::TryStreamExt;
use tokio_postgres::{
    GenericClient, RowStream,
    types::{ToSql, Type},
};

use crate::{
    error::Result,
    row::ReadRow,
    types::{SqlHash, SqlId},
};

/// The hash that marks a corrupted payload. No content has this hash, so the next run writes it anew.
const MARK: VersionHash = VersionHash([0; 32]);

/// A stored payload with the hash that its run stored.
#[derive(Clone, Debug)]
pub struct StoredPayload {
    /// Its reference.
    pub reference_id: ReferenceId,
    /// The reference's key.
    pub record_key: String,
    /// The hash that the run stored.
    pub version_hash: VersionHash,
    /// The payload as JSON text, as Postgres writes it.
    pub payload: String,
}

/// A stream of stored payloads. The driver reads more only when rows are taken, so memory stays flat.
pub struct StoredPayloads(Pin<Box<RowStream>>);

impl StoredPayload {
    /// Whether [`mark_payload`] has marked it: only a run can store it anew.
    pub fn is_marked(&self) -> bool {
        self.version_hash == MARK
    }
}

impl fmt::Debug for StoredPayloads {
    /// Omits payloads, which may be sensitive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredPayloads").finish_non_exhaustive()
    }
}

impl StoredPayloads {
    /// Begins to read the payloads of a source, also of removed references.
    pub async fn of_source(client: &impl GenericClient, source_id: i32) -> Result<Self> {
        let statement = "select r.reference_id, r.record_key, r.version_hash, r.payload::text \
             from forebay.\"references\" as r where r.source_id = $1";
        let parameters: [(&(dyn ToSql + Sync), Type); 1] = [(&source_id, Type::INT4)];
        Ok(Self(Box::pin(client.query_typed_raw(statement, parameters).await?)))
    }

    /// The next one; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<StoredPayload>> {
        let Some(row) = self.0.try_next().await? else { return Ok(None) };
        Ok(Some(StoredPayload {
            reference_id: row.read::<SqlId>("reference_id")?.0,
            record_key: row.read("record_key")?,
            version_hash: row.read::<SqlHash>("version_hash")?.0,
            payload: row.read("payload")?,
        }))
    }
}

/// The payload with every field that ever changed as its last change left it; `None`: none ever changed.
pub async fn payload_by_history(
    client: &impl GenericClient,
    reference_id: ReferenceId,
) -> Result<Option<String>> {
    let rows = client
        .query_typed(include_str!("payload_by_history.sql"), &[(&SqlId(reference_id), Type::UUID)])
        .await?;
    match rows.first() {
        Some(row) => row.read("payload"),
        None => Ok(None),
    }
}

/// Replaces a payload that doesn't have the hash of its reference, unless another run has written it meanwhile.
pub async fn restore_payload(
    client: &impl GenericClient,
    wrong: &StoredPayload,
    payload: &str,
) -> Result<bool> {
    let statement = "update forebay.\"references\" set payload = $2::text::jsonb \
         where reference_id = $1 and version_hash = $3 and payload = $4::text::jsonb";
    let num_rows = client
        .execute_typed(
            statement,
            &[
                (&SqlId(wrong.reference_id), Type::UUID),
                (&payload, Type::TEXT),
                (&SqlHash(wrong.version_hash), Type::BYTEA),
                (&wrong.payload, Type::TEXT),
            ],
        )
        .await?;
    Ok(num_rows == 1)
}

/// Marks a payload that can't be restored, so the next run that sees its record stores it anew.
pub async fn mark_payload(client: &impl GenericClient, wrong: &StoredPayload) -> Result<()> {
    let statement = "update forebay.\"references\" set version_hash = $2 \
         where reference_id = $1 and version_hash = $3";
    let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
        (&SqlId(wrong.reference_id), Type::UUID),
        (&SqlHash(MARK), Type::BYTEA),
        (&SqlHash(wrong.version_hash), Type::BYTEA),
    ];
    client.execute_typed(statement, &parameters).await?;
    Ok(())
}
