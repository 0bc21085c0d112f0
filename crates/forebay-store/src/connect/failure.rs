//! Why a connection could not be opened.

use std::time::Duration;

use crate::error::{Error, ServerError};

/// Maximum time for opening a connection: network, encryption and login.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// The error for a refused connection.
pub(super) fn refused(target: &str, error: tokio_postgres::Error) -> Error {
    let source = ServerError::from(error);
    if source.is_tls() {
        let reason = source.to_string();
        return Error::Tls { reason, source: None };
    }
    Error::Unreachable { target: target.to_owned(), source }
}

/// The error for a connection that took too long.
pub(super) fn timed_out(target: &str) -> Error {
    Error::UnreachableInTime { target: target.to_owned(), seconds: CONNECT_TIMEOUT.as_secs() }
}
