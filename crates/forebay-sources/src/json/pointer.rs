//! JSON pointers (RFC 6901): the path to the records, and how far the reader has followed it.

use forebay_domain::pointer::{self, Pointer};

use crate::error::Error;

/// Maximum number of keys that an error lists.
const KEYS_NAMED: usize = 10;
/// Maximum length of a key in an error.
const KEY_SHOWN: usize = 60;

/// A container on the path that the reader has entered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    Object,
    Array { items: usize },
}

/// The path to the records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path {
    pub(super) tokens: Vec<String>,
    /// The entered containers: one for each token used.
    pub(super) levels: Vec<Level>,
    /// Whether the value at the end of the path is returned as a whole, instead of the elements of an array.
    pub(super) takes_any: bool,
    /// The first keys of the innermost object.
    keys: Vec<String>,
    more_keys: bool,
}

impl From<&Pointer> for Path {
    fn from(pointer: &Pointer) -> Self {
        Self { tokens: pointer.tokens().to_vec(), ..Self::default() }
    }
}

impl Path {
    /// Whether the next value is the one that the pointer refers to.
    pub(super) fn is_complete(&self) -> bool {
        self.levels.len() == self.tokens.len()
    }

    /// Enters the value that starts with `first`. True for an object, false for an array.
    pub(super) fn enter(&mut self, first: u8) -> Result<bool, Error> {
        self.keys.clear();
        self.more_keys = false;
        let token = &self.tokens[self.levels.len()];
        match first {
            b'{' => self.levels.push(Level::Object),
            b'[' if pointer::index(token).is_some() => self.levels.push(Level::Array { items: 0 }),
            b'[' => {
                let seen = format!("{} is an array, and {token:?} is not an index", self.reached());
                return Err(self.not_found_because(seen));
            }
            _ => return Err(self.not_found_because(format!("{} is {}", self.reached(), kind(first)))),
        }
        Ok(first == b'{')
    }

    /// Whether a key of the innermost object, given as JSON text, is on the path. Other keys are collected for errors.
    pub(super) fn is_on_the_path(&mut self, text: &[u8]) -> bool {
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

    /// The token that the innermost container was searched for.
    pub(super) fn innermost_token(&self) -> &str {
        self.levels.len().checked_sub(1).map_or("", |depth| &self.tokens[depth])
    }

    /// Whether the next item of the innermost array is on the path.
    pub(super) fn next_item_is_on_the_path(&mut self) -> bool {
        let token = &self.tokens[self.levels.len() - 1];
        let Some(Level::Array { items }) = self.levels.last_mut() else { return false };
        *items += 1;
        token.parse() == Ok(*items - 1)
    }

    /// The error at the end of the innermost container.
    pub(super) fn not_found(&self) -> Error {
        let depth = self.levels.len();
        let parent = display(&self.tokens[..depth - 1]);
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
        Error::RecordsNotAList { pointer: display(&self.tokens), found: kind(first) }
    }

    fn not_found_because(&self, seen: String) -> Error {
        Error::RecordsNotFound { pointer: display(&self.tokens), seen }
    }

    fn reached(&self) -> String {
        display(&self.tokens[..self.levels.len()])
    }
}

/// The tokens as a pointer, for messages.
fn display(tokens: &[String]) -> String {
    if tokens.is_empty() {
        return "the document".to_owned();
    }
    pointer::join(tokens)
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
