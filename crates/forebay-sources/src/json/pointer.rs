//! JSON pointers (RFC 6901): the way to the records, and how far along it the reader is.

use super::Json;
use crate::Error;
use crate::block::{Delimit, Found, Tail};

/// How many keys an error names.
const KEYS_NAMED: usize = 10;
/// The longest part of a key that an error shows.
const KEY_SHOWN: usize = 60;

/// A container on the way to the records that the reader is inside of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    Object,
    Array { items: usize },
}

/// The way to the records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path {
    pub(super) tokens: Vec<String>,
    /// The containers that were entered: one for each token that was used.
    pub(super) levels: Vec<Level>,
    /// Whether any value at the end of the way is taken whole, instead of an array's elements.
    pub(super) takes_any: bool,
    /// The first keys of the innermost object.
    keys: Vec<String>,
    more_keys: bool,
}

/// Reads a JSON pointer. Error: `invalid_pointer`.
pub(crate) fn parse_pointer(pointer: &str) -> Result<Path, Error> {
    let invalid = || Error::InvalidPointer { pointer: pointer.to_owned() };
    let mut tokens = Vec::new();
    if let Some(rest) = pointer.strip_prefix('/') {
        for token in rest.split('/') {
            let mut after_tilde = token.split('~').skip(1);
            if after_tilde.any(|rest| !rest.starts_with(['0', '1'])) {
                return Err(invalid());
            }
            tokens.push(token.replace("~1", "/").replace("~0", "~"));
        }
    } else if !pointer.is_empty() {
        return Err(invalid());
    }
    Ok(Path { tokens, ..Path::default() })
}

/// The text of the value that a pointer leads to in a whole document, or none if there is none.
pub(crate) fn value_at<'a>(document: &'a [u8], pointer: &Path) -> Option<&'a [u8]> {
    let path = Path { takes_any: true, ..pointer.clone() };
    let mut found = Found::default();
    // An error says that the pointer leads nowhere, or that the document is broken, which its reader reports.
    let _ = Json::new(path, usize::MAX, 0).delimit(document, Tail::Complete, &mut found);
    found.records.first().and_then(|span| document.get(span.start..span.end))
}

impl Path {
    /// Whether the value ahead is what the pointer leads to.
    pub(super) fn is_complete(&self) -> bool {
        self.levels.len() == self.tokens.len()
    }

    /// Enters the value that begins with `first`. True for an object, false for an array.
    pub(super) fn enter(&mut self, first: u8) -> Result<bool, Error> {
        self.keys.clear();
        self.more_keys = false;
        let token = &self.tokens[self.levels.len()];
        match first {
            b'{' => self.levels.push(Level::Object),
            b'[' if is_index(token) => self.levels.push(Level::Array { items: 0 }),
            b'[' => {
                let seen = format!("{} is an array, and {token:?} is no index into it", self.reached());
                return Err(self.not_found_because(seen));
            }
            _ => return Err(self.not_found_because(format!("{} is {}", self.reached(), kind(first)))),
        }
        Ok(first == b'{')
    }

    /// Notes a key of the innermost object, given as JSON text. Whether the pointer goes on under it.
    pub(super) fn is_on_the_way(&mut self, text: &[u8]) -> bool {
        let inner = text.get(1..text.len() - 1).unwrap_or_default();
        let key = if inner.contains(&b'\\') {
            serde_json::from_slice::<String>(text)
                .unwrap_or_else(|_| String::from_utf8_lossy(inner).into_owned())
        } else {
            String::from_utf8_lossy(inner).into_owned()
        };
        if key == self.tokens[self.levels.len() - 1] {
            return true;
        }
        if self.keys.len() < KEYS_NAMED {
            self.keys.push(key.chars().take(KEY_SHOWN).collect());
        } else {
            self.more_keys = true;
        }
        false
    }

    /// Counts an item of the innermost array. Whether the pointer goes on in it.
    pub(super) fn next_item_is_on_the_way(&mut self) -> bool {
        let token = &self.tokens[self.levels.len() - 1];
        let Some(Level::Array { items }) = self.levels.last_mut() else { return false };
        *items += 1;
        token.parse() == Ok(*items - 1)
    }

    /// The error at the end of the innermost container.
    pub(super) fn not_found(&self) -> Error {
        let depth = self.levels.len();
        let parent = shown(&self.tokens[..depth - 1]);
        let token = &self.tokens[depth - 1];
        self.not_found_because(match self.levels[depth - 1] {
            Level::Array { items } => format!("{parent} is an array of {items}, without an item {token}"),
            Level::Object if self.keys.is_empty() => format!("{parent} is an empty object"),
            Level::Object => {
                let more = if self.more_keys { " and more" } else { "" };
                format!("{parent} has no {token:?}, its keys are {}{more}", self.keys.join(", "))
            }
        })
    }

    pub(super) fn not_a_list(&self, first: u8) -> Error {
        Error::RecordsNotAList { pointer: shown(&self.tokens), found: kind(first) }
    }

    fn not_found_because(&self, seen: String) -> Error {
        Error::RecordsNotFound { pointer: shown(&self.tokens), seen }
    }

    fn reached(&self) -> String {
        shown(&self.tokens[..self.levels.len()])
    }
}

/// The tokens as a pointer, for people.
fn shown(tokens: &[String]) -> String {
    if tokens.is_empty() {
        return "the document".to_owned();
    }
    let mut pointer = String::new();
    for token in tokens {
        pointer.push('/');
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

/// Whether a token is an array index: digits without a leading zero.
fn is_index(token: &str) -> bool {
    token.bytes().all(|b| b.is_ascii_digit())
        && !token.is_empty()
        && (token == "0" || !token.starts_with('0'))
}

fn kind(first: u8) -> &'static str {
    match first {
        b'{' => "an object",
        b'[' => "an array",
        b'"' => "a string",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_follow_the_standard() {
        assert_eq!(parse_pointer("/a~1b/~0c/0//").unwrap().tokens, ["a/b", "~c", "0", "", ""]);
        assert!(parse_pointer("").unwrap().tokens.is_empty());
        assert_eq!(parse_pointer("/~01").unwrap().tokens, ["~1"]);
        for wrong in ["data", "/a~", "/a~2"] {
            assert_eq!(parse_pointer(wrong).unwrap_err().code(), "invalid_pointer", "{wrong}");
        }
    }

    #[test]
    fn any_value_can_be_looked_up() {
        let document = br#" {"links": {"a/b": ["x", {"n\u0065xt": "/p?2"}], "none": null}, "n": 5} "#;
        let at = |pointer| value_at(document, &parse_pointer(pointer).unwrap());
        assert_eq!(at("/links/a~1b/1/next"), Some(&b"\"/p?2\""[..]));
        assert_eq!(at("/links/none"), Some(&b"null"[..]));
        assert_eq!(at("/n"), Some(&b"5"[..]));
        assert_eq!(at("/links/a~1b/0"), Some(&b"\"x\""[..]));
        assert_eq!(at("/links/a~1b/01"), None);
        assert_eq!(at("/links/absent"), None);
        assert_eq!(at("/n/deeper"), None);
    }
}
