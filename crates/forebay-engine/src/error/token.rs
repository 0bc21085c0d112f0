//! Errors of creating and revoking tokens. Nothing was written.

/// A token that can't be created or revoked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// A token that is not revoked has this name.
    #[error("there is a token {name:?} already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A token for ingest without sources.
    #[error("a token for ingest needs the sources that it may persist to")]
    NeedsSource,
    /// A token that would have expired before it was created.
    #[error("the token would have expired already")]
    ExpiryPast,
    /// No token that is not revoked has this name or number.
    #[error("there is no token {name:?}, or it is revoked")]
    NotFound {
        /// The name or number.
        name: String,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    NoRandomness,
}

impl TokenError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NameTaken { .. } => "token_name_taken",
            Self::NeedsSource => "token_needs_source",
            Self::ExpiryPast => "token_expiry_past",
            Self::NotFound { .. } => "no_such_token",
            Self::NoRandomness => "no_randomness",
        }
    }

    /// What to do next.
    pub(super) const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NameTaken { .. } => {
                Some("choose another name, or revoke it first: `forebay tokens revoke NAME`")
            }
            Self::NeedsSource => Some("name at least one with --source"),
            Self::ExpiryPast => Some("give a time in the future, or a span such as 90d"),
            Self::NotFound { .. } => Some("`forebay tokens list` lists all tokens"),
            Self::NoRandomness => None,
        }
    }
}
