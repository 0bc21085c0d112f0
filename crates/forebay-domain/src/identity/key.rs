//! The record key: the fields that identify the subject of a record.
//!
//! With one key field, the key is its value: a string unchanged, a number in canonical form, a boolean as `true` or
//! `false`. So the number `1`, `1.0` and the string `"1"` are the same key, on purpose: one version of a site sends an
//! id as a number and the next as a string, and history must not break there. With several fields, the parts are joined
//! by `|`, and a `\` or `|` in a part is escaped with `\`, so different tuples give different keys.
//!
//! Records without any key can be identified by their content: [`HASH_FIELD`] stands for the record's version hash in
//! hexadecimal digits.
//!
//! Never change how a key is built: the ids of all references depend on it.

use std::{fmt, ops::Range, str::FromStr};

use super::{VersionHash, error::IdentityError};
use crate::{
    canonical,
    field_path::FieldPath,
    json::{Kind, Value},
    reject::{Reject, RejectReason},
};

/// Maximum length of a record key, in bytes of UTF-8: keys are indexed and displayed.
pub const MAX_KEY_BYTES: usize = 1024;

/// The key field that is not in the record but in its run: the scope. With it, equal keys in two scopes are two
/// records.
pub const SCOPE_FIELD: &str = "$scope";

/// The key field that stands for the whole record: its version hash. Equal records are one, and a changed record is
/// another.
pub const HASH_FIELD: &str = "$hash";

/// The digits of a hash that is not known yet.
const NO_HASH: [u8; 64] = [b'0'; 64];

/// One key field of a source.
///
/// Its text is the name of a top-level field, or a JSON pointer (RFC 6901) if it begins with `/`. For a field whose
/// name begins with a slash, or is [`SCOPE_FIELD`] or [`HASH_FIELD`], write a pointer: `/~1name`, `/$scope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyField {
    text: String,
    path: Path,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Path {
    Inside(FieldPath),
    /// The scope of the run, as text.
    Scope(String),
    Hash,
}

impl KeyField {
    /// The text that it was parsed from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The keys and indexes on the way to the value; the first is a top-level field. Empty for the scope and the hash.
    pub fn path(&self) -> &[String] {
        match &self.path {
            Path::Inside(path) => path.tokens(),
            Path::Scope(_) | Path::Hash => &[],
        }
    }

    /// The same field for the records of a run with this scope.
    #[must_use]
    pub fn in_scope(self, scope: &str) -> Self {
        match self.path {
            Path::Scope(_) => Self { path: Path::Scope(scope.to_owned()), ..self },
            Path::Inside(_) | Path::Hash => self,
        }
    }

    /// Its value in a record.
    pub fn locate<'a>(&self, record: Value<'a>) -> Option<Value<'a>> {
        match &self.path {
            Path::Inside(path) => path.locate(record),
            Path::Scope(_) | Path::Hash => None,
        }
    }

    fn reject(&self, reason: RejectReason, why: &str) -> Reject {
        Reject::new(reason, format!("the key field {:?} {why}", self.text))
    }

    /// Appends the field's part of the key. Set `escape` if the key has several parts.
    fn append(&self, record: Value<'_>, escape: bool, keys: &mut String) -> Result<(), Reject> {
        match &self.path {
            Path::Inside(_) => {}
            Path::Scope(scope) => {
                append_text(scope, escape, keys);
                return Ok(());
            }
            // `fill_hash` replaces it once the record is hashed.
            Path::Hash => {
                keys.extend(NO_HASH.map(char::from));
                return Ok(());
            }
        }
        let value = self.locate(record).ok_or_else(|| self.reject(RejectReason::MissingKey, "is missing"))?;
        match value.kind() {
            Kind::Null => return Err(self.reject(RejectReason::NullKey, "is null")),
            Kind::Object => return Err(self.reject(RejectReason::InvalidKey, "is an object")),
            Kind::Array => return Err(self.reject(RejectReason::InvalidKey, "is an array")),
            Kind::String if value.was_replaced() => {
                let why = "contains a character that Postgres cannot store";
                return Err(self.reject(RejectReason::InvalidKey, why));
            }
            Kind::String => {
                let text = value.as_str().unwrap_or_default();
                if text.len() > MAX_KEY_BYTES {
                    return Err(self.too_long());
                }
                append_text(text, escape, keys);
            }
            Kind::Number if !value.is_canonical() => {
                let mut number = Vec::new();
                canonical::write(value, &mut number);
                keys.push_str(&canonical::into_string(number));
            }
            Kind::Number | Kind::True | Kind::False => keys.push_str(value.source()),
        }
        Ok(())
    }

    fn too_long(&self) -> Reject {
        let why = format!("makes a key longer than {MAX_KEY_BYTES} bytes");
        self.reject(RejectReason::InvalidKey, &why)
    }
}

fn append_text(text: &str, escape: bool, keys: &mut String) {
    if !escape || !text.contains(['\\', '|']) {
        keys.push_str(text);
        return;
    }
    for character in text.chars() {
        if matches!(character, '\\' | '|') {
            keys.push('\\');
        }
        keys.push(character);
    }
}

impl fmt::Display for KeyField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for KeyField {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let path = if text == SCOPE_FIELD {
            Path::Scope(String::new())
        } else if text == HASH_FIELD {
            Path::Hash
        } else {
            Path::Inside(text.parse().map_err(|_| IdentityError::InvalidKeyField)?)
        };
        Ok(Self { text: text.to_owned(), path })
    }
}

/// The key fields of a source, for the records of a scope. The fields were checked when the source was declared.
pub fn key_in_scope(key_fields: &[String], scope: &str) -> Vec<KeyField> {
    let fields = key_fields.iter().filter_map(|field| field.parse::<KeyField>().ok());
    fields.map(|field| field.in_scope(scope)).collect()
}

/// Whether records with these key fields are identified by their content.
pub fn is_by_hash(key_fields: &[String]) -> bool {
    key_fields.first().is_some_and(|field| field == HASH_FIELD)
}

/// Puts the hash of a record into its key, if the key has it. The hash is always the first part.
pub(crate) fn fill_hash(fields: &[KeyField], keys: &mut String, key: &Range<usize>, hash: &VersionHash) {
    if matches!(fields, [KeyField { path: Path::Hash, .. }, ..]) {
        keys.replace_range(key.start..key.start + NO_HASH.len(), &hash.to_string());
    }
}

/// Appends the key of `record` to `keys`; returns its range there. On an error, `keys` is unchanged.
///
/// Rejects with `missing_key`, `null_key`, `empty_key` (all parts are empty) or `invalid_key` (an object or array, a
/// character that Postgres cannot store, or more than [`MAX_KEY_BYTES`]); the message names the field.
pub fn append_record_key(
    fields: &[KeyField],
    record: Value<'_>,
    keys: &mut String,
) -> Result<Range<usize>, Reject> {
    let start = keys.len();
    let outcome = append_parts(fields, record, keys);
    if let Err(reject) = outcome {
        keys.truncate(start);
        return Err(reject);
    }
    Ok(start..keys.len())
}

fn append_parts(fields: &[KeyField], record: Value<'_>, keys: &mut String) -> Result<(), Reject> {
    let start = keys.len();
    let mut all_empty = true;
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            keys.push('|');
        }
        let part = keys.len();
        field.append(record, fields.len() > 1, keys)?;
        all_empty &= keys.len() == part || matches!(field.path, Path::Scope(_));
        if keys.len() - start > MAX_KEY_BYTES {
            return Err(field.too_long());
        }
    }
    match fields {
        [] => Err(Reject::new(RejectReason::MissingKey, "the source has no key field")),
        [only] if all_empty => Err(only.reject(RejectReason::EmptyKey, "is an empty string")),
        [first, ..] if all_empty => {
            Err(first.reject(RejectReason::EmptyKey, "and all other key fields are empty strings"))
        }
        _ => Ok(()),
    }
}
