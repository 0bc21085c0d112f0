//! The record key: which fields of a record say which thing it is about.
//!
//! With one key field the key is its value: a string as it is, a number in canonical form, a boolean as `true` or
//! `false`. So the number `1`, `1.0` and the string `"1"` are one key, on purpose: the same id comes as a number from
//! one version of a site and as a string from the next, and history must not break there. With several fields the
//! parts are joined by `|`; a `\` or `|` inside a part is escaped by `\`, so that no two tuples give the same key.
//!
//! How a key is built can never change: the ids of all references follow from it.

use std::{fmt, ops::Range, str::FromStr};

use super::error::IdentityError;
use crate::{
    canonical,
    json::{Kind, Value},
    reject::{Reject, RejectReason},
};

/// The longest record key, in bytes of UTF-8: it is indexed, and shown to people.
pub const MAX_KEY_BYTES: usize = 1024;

/// One key field of a source.
///
/// Read from text: the name of a top-level field, or a JSON pointer (RFC 6901) when it begins with `/`. A field whose
/// name begins with a slash is written as a pointer: `/~1name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyField {
    text: String,
    path: Path,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Path {
    Field,
    Pointer(Vec<String>),
}

impl KeyField {
    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The value it names in a record.
    pub fn locate<'a>(&self, record: Value<'a>) -> Option<Value<'a>> {
        match &self.path {
            Path::Field => record.get(&self.text),
            Path::Pointer(tokens) => tokens.iter().try_fold(record, |value, token| match value.kind() {
                Kind::Object => value.get(token),
                Kind::Array => value.elements().nth(array_index(token)?),
                _ => None,
            }),
        }
    }

    fn reject(&self, reason: RejectReason, why: &str) -> Reject {
        Reject::new(reason, format!("the key field {:?} {why}", self.text))
    }

    /// Appends the field's part of the key; `escape`: the key has several parts.
    fn append(&self, record: Value<'_>, escape: bool, keys: &mut String) -> Result<(), Reject> {
        let value = self.locate(record).ok_or_else(|| self.reject(RejectReason::MissingKey, "is missing"))?;
        match value.kind() {
            Kind::Null => return Err(self.reject(RejectReason::NullKey, "is null")),
            Kind::Object => return Err(self.reject(RejectReason::InvalidKey, "is an object")),
            Kind::Array => return Err(self.reject(RejectReason::InvalidKey, "is an array")),
            Kind::String if value.was_replaced() => {
                let why = "holds a character that Postgres cannot store";
                return Err(self.reject(RejectReason::InvalidKey, why));
            }
            Kind::String => {
                let text = value.as_str().unwrap_or_default();
                if text.len() > MAX_KEY_BYTES {
                    return Err(self.too_long());
                }
                if escape && text.contains(['\\', '|']) {
                    for character in text.chars() {
                        if matches!(character, '\\' | '|') {
                            keys.push('\\');
                        }
                        keys.push(character);
                    }
                } else {
                    keys.push_str(text);
                }
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

impl fmt::Display for KeyField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for KeyField {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        let path = match text.strip_prefix('/') {
            Some(pointer) => Path::Pointer(pointer.split('/').map(unescaped).collect::<Result<_, _>>()?),
            None if text.is_empty() => return Err(IdentityError::InvalidKeyField),
            None => Path::Field,
        };
        Ok(Self { text: text.to_owned(), path })
    }
}

/// A pointer's token without its escapes: `~1` is a slash and `~0` a tilde, nothing else may follow a tilde.
fn unescaped(token: &str) -> Result<String, IdentityError> {
    let mut parts = token.split('~');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = if let Some(rest) = part.strip_prefix('0') {
            name.push('~');
            rest
        } else if let Some(rest) = part.strip_prefix('1') {
            name.push('/');
            rest
        } else {
            return Err(IdentityError::InvalidKeyField);
        };
        name.push_str(rest);
    }
    Ok(name)
}

/// RFC 6901 allows digits without leading zeros.
fn array_index(token: &str) -> Option<usize> {
    let plain = token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if plain { token.parse().ok() } else { None }
}

/// Appends the key of `record` to `keys`; returns where it stands there. On an error `keys` is as it was.
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
        all_empty &= keys.len() == part;
        if keys.len() - start > MAX_KEY_BYTES {
            return Err(field.too_long());
        }
    }
    match fields {
        [] => Err(Reject::new(RejectReason::MissingKey, "the source names no key field")),
        [only] if all_empty => Err(only.reject(RejectReason::EmptyKey, "is an empty string")),
        [first, ..] if all_empty => {
            Err(first.reject(RejectReason::EmptyKey, "and all other key fields are empty strings"))
        }
        _ => Ok(()),
    }
}
