//! Cursors between two pages, as opaque text that a client sends back.
//!
//! Hexadecimal, because language models copy letters and digits reliably, but not quotes. Cursors are untrusted input
//! and are parsed as strictly as any argument.

use forebay_domain::hex;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Page, failure::Failure, json::has_nul};

/// The maximum length of a cursor. The names in it are parts of index entries, which are far shorter.
const LONGEST: usize = 32 * 1024;

/// Without it, the cursor of run 42 would be 3432, which looks like a run.
const PREFIX: char = 'c';

/// Encodes a position.
pub fn write(position: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_vec(position)
        .map_err(|error| Failure::new("cursor_failed", "a cursor cannot be written").because(&error))?;
    Ok(format!("{PREFIX}{}", hex::encode(&json)))
}

/// Decodes a cursor. Error: `cursor_invalid`.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let text = text.strip_prefix(PREFIX).filter(|text| text.len() <= LONGEST);
    let bytes = text.and_then(hex::decode);
    let value = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).filter(|value| !has_nul(value));
    value.and_then(|value| serde_json::from_value(value).ok()).ok_or_else(invalid)
}

/// The error for a cursor that cannot be decoded.
pub fn invalid() -> Failure {
    Failure::usage("cursor_invalid", "the cursor is invalid")
        .hint("pass `next` of the previous page unchanged, or omit the cursor to start over")
}

/// A page of at most `limit` rows. Read one row more than the limit: it shows that there is a next page, which begins
/// after the `position` of the last row on this one.
pub fn page<R, T: From<R>, P: Serialize>(
    mut rows: Vec<R>,
    limit: impl TryInto<usize>,
    position: impl Fn(&R) -> P,
) -> Result<Page<T>, Failure> {
    let limit = limit.try_into().unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|last| write(&position(last))).transpose()?;
    Ok(Page { items: rows.into_iter().map(T::from).collect(), next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_the_round_trip() {
        let position = (7_i64, "scope=\"é\"".to_owned());
        let text = write(&position).unwrap();
        assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
        assert_eq!(read::<(i64, String)>(&text).unwrap(), position);
    }

    #[test]
    fn other_texts_are_refused() {
        let (text, other) = (write(&(7_i64, "a")).unwrap(), write(&"a text").unwrap());
        assert!(text.starts_with('c'), "it doesn't look like the id of a run");
        for text in ["", "c", "7", "zz", "ü", "c5b5d", &text[1..], &other, &"c00".repeat(LONGEST)] {
            assert_eq!(read::<(i64, String)>(text).unwrap_err().code(), "cursor_invalid", "{text:.20}");
        }
    }
}
