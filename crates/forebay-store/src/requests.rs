//! Requests to the API that carry an idempotency key (draft-ietf-httpapi-idempotency-key-header): one row for each,
//! with what it was answered, for as long as its client may repeat it.
//!
//! A request is carried out under a receipt and a lease. If the server dies, the lease expires, and the request can be
//! carried out again.

use std::time::Duration;

use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::Result,
    jobs::Receipt,
    maintenance::{Expiring, Mode},
    row::ReadRow,
};

const BEGIN: &str = include_str!("requests/begin.sql");

/// How long a request is kept.
pub const KEPT: Duration = Duration::from_hours(24);

/// How often a request is begun again because an earlier one with its key was forgotten at the same moment.
const MOST_TRIES: usize = 5;

/// A request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// Who sends it.
    pub caller: String,
    /// The key, which is theirs.
    pub key: String,
    /// SHA-256 of what the request is.
    pub fingerprint: [u8; 32],
}

/// What a request was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Whether to carry a request out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Yes, under this receipt.
    Now(Receipt),
    /// It is being carried out.
    InProgress,
    /// It was answered.
    Answered(Answer),
    /// Its key belongs to another request.
    Other,
}

/// Begins a request, or says what became of it.
pub async fn begin(client: &impl GenericClient, request: &Keyed, lease: Duration) -> Result<Begun> {
    let Keyed { caller, key, fingerprint } = request;
    for _ in 0..MOST_TRIES {
        let begun = client
            .query_typed_opt(
                BEGIN,
                &[
                    (caller, Type::TEXT),
                    (key, Type::TEXT),
                    (&fingerprint.as_slice(), Type::BYTEA),
                    (&lease.as_secs_f64(), Type::FLOAT8),
                    (&KEPT.as_secs_f64(), Type::FLOAT8),
                ],
            )
            .await?;
        if let Some(row) = begun {
            return Ok(Begun::Now(row.read("receipt")?));
        }
        let statement = "select fingerprint, status, content_type, body from forebay.api_requests \
             where caller = $1 and idempotency_key = $2";
        let parameters = [(caller as _, Type::TEXT), (key as _, Type::TEXT)];
        // It ended in an error, and was forgotten meanwhile.
        let Some(row) = client.query_typed_opt(statement, &parameters).await? else { continue };
        if row.read::<&[u8]>("fingerprint")? != fingerprint {
            return Ok(Begun::Other);
        }
        let Some(status) = row.read::<Option<i16>>("status")? else { return Ok(Begun::InProgress) };
        return Ok(Begun::Answered(Answer {
            status: status.unsigned_abs(),
            content_type: row.read("content_type")?,
            body: row.read("body")?,
        }));
    }
    Ok(Begun::InProgress)
}

/// Holds a request for longer. Returns whether it is still held under this receipt.
pub async fn extend(
    client: &impl GenericClient,
    request: &Keyed,
    receipt: Receipt,
    lease: Duration,
) -> Result<bool> {
    let statement = "update forebay.api_requests set lease_until = now() + make_interval(secs => $4) \
         where caller = $1 and idempotency_key = $2 and receipt = $3";
    let parameters = [
        (&request.caller as _, Type::TEXT),
        (&request.key as _, Type::TEXT),
        (&receipt as _, Type::UUID),
        (&lease.as_secs_f64() as _, Type::FLOAT8),
    ];
    Ok(client.execute_typed(statement, &parameters).await? > 0)
}

/// Stores what a request was answered. Returns whether it was still held under this receipt.
pub async fn answer(
    client: &impl GenericClient,
    request: &Keyed,
    receipt: Receipt,
    answer: &Answer,
) -> Result<bool> {
    let statement = "update forebay.api_requests \
         set lease_until = null, receipt = null, status = $4, content_type = $5, body = $6 \
         where caller = $1 and idempotency_key = $2 and receipt = $3";
    let parameters = [
        (&request.caller as _, Type::TEXT),
        (&request.key as _, Type::TEXT),
        (&receipt as _, Type::UUID),
        (&i16::try_from(answer.status).unwrap_or(i16::MAX) as _, Type::INT2),
        (&answer.content_type as _, Type::TEXT),
        (&answer.body as _, Type::BYTEA),
    ];
    Ok(client.execute_typed(statement, &parameters).await? > 0)
}

/// Forgets a request that was not carried out, so that it can be repeated.
pub async fn forget(client: &impl GenericClient, request: &Keyed, receipt: Receipt) -> Result<()> {
    let statement = "delete from forebay.api_requests \
         where caller = $1 and idempotency_key = $2 and receipt = $3";
    let parameters =
        [(&request.caller as _, Type::TEXT), (&request.key as _, Type::TEXT), (&receipt as _, Type::UUID)];
    client.execute_typed(statement, &parameters).await?;
    Ok(())
}

/// Deletes or counts requests that are past their time.
pub async fn prune(client: &impl GenericClient, mode: Mode) -> Result<u64> {
    let expiring = Expiring {
        table: "forebay.api_requests",
        is_expired: "t.began_at < now() - make_interval(secs => $1)",
        age: "began_at",
    };
    expiring.prune(client, KEPT, mode).await
}
