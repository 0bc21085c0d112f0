//! Errors of parsing ids, hashes and key fields.

/// Why a text is not an id, hash or key field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not 32 hexadecimal digits in groups of 8-4-4-4-12.
    #[error("a reference id looks like 1f0c9b52-7a31-8d5e-9c40-2b6f8e07a913")]
    InvalidReferenceId,
    /// Not 64 hexadecimal digits.
    #[error("a version hash has 64 hexadecimal digits")]
    InvalidVersionHash,
    /// The empty string, or an invalid pointer (RFC 6901).
    #[error("a key field is the name of a top-level field, or a JSON pointer such as /course/id")]
    InvalidKeyField,
}

impl IdentityError {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidReferenceId => "invalid_reference_id",
            Self::InvalidVersionHash => "invalid_version_hash",
            Self::InvalidKeyField => "invalid_key_field",
        }
    }
}
