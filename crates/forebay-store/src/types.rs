//! Conversions of Forebay's types to and from parameters and results.

use bytes::{BufMut, BytesMut};
use forebay_domain::identity::{ReferenceId, VersionHash};
use jiff::Timestamp;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

type BoxedError = Box<dyn std::error::Error + Sync + Send>;

/// A `reference_id` as a `uuid`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SqlId(pub(crate) ReferenceId);

/// A hash as `bytea`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SqlHash(pub(crate) VersionHash);

/// JSON text as bytes that are known to be UTF-8; the server validates it as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SqlText<'a>(pub(crate) &'a [u8]);

impl ToSql for SqlText<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        out.put_slice(self.0);
        Ok(IsNull::No)
    }
    accepts!(TEXT);
    to_sql_checked!();
}

impl ToSql for SqlId {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        out.put_slice(&self.0.0);
        Ok(IsNull::No)
    }
    accepts!(UUID);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for SqlId {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(Self(ReferenceId(raw.try_into()?)))
    }
    accepts!(UUID);
}

impl ToSql for SqlHash {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
        out.put_slice(&self.0.0);
        Ok(IsNull::No)
    }
    accepts!(BYTEA);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for SqlHash {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        Ok(Self(VersionHash(raw.try_into()?)))
    }
    accepts!(BYTEA);
}

/// Microseconds since 2000-01-01, the unit of a Postgres `timestamptz`.
pub(crate) fn postgres_microseconds(at: Timestamp) -> i64 {
    const UNIX_TO_POSTGRES: i64 = 946_684_800 * 1_000_000;
    at.as_microsecond() - UNIX_TO_POSTGRES
}

/// Wraps ids for an array parameter.
pub(crate) fn sql_ids(ids: &[ReferenceId]) -> Vec<SqlId> {
    ids.iter().copied().map(SqlId).collect()
}
