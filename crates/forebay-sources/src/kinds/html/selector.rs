//! CSS selectors: Selectors Level 4 as far as pages are scraped with it, and `:contains("text")`.
//!
//! Supported are type, `*`, `#id`, `.class`, attributes with all operators and the flags `i` and `s`, all four
//! combinators, lists, and the pseudo-classes that `parse` names. Not supported, and refused on load: namespaces,
//! states that only a browser knows (`:hover`), and pseudo-elements, which a rule says in its own way (`a@href`).
//!
//! Why not a crate: the ones that exist are under a licence that Forebay does not take, and match one element at a time
//! with a context made for it; an item here is a slice of elements, most of which one comparison rules out.

mod matching;
mod parse;

use html5ever::LocalName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

pub(super) use matching::Matcher;

use crate::Error;

/// A CSS selector, such as `li.course > h2 a[href]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Selector {
    text: String,
    alternatives: Vec<Complex>,
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// A compound and what has to be around it, from right to left.
#[derive(Clone, Debug)]
struct Complex {
    subject: Compound,
    around: Vec<(Combinator, Compound)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combinator {
    Descendant,
    Child,
    NextSibling,
    LaterSibling,
}

/// What one element has to be.
#[derive(Clone, Debug, Default)]
struct Compound {
    name: Option<LocalName>,
    class_bits: u64,
    tests: Vec<Test>,
}

#[derive(Clone, Debug)]
enum Test {
    Id(String),
    Class(String),
    Attribute {
        name: String,
        operator: Operator,
        value: String,
        ignores_case: bool,
    },
    Nth {
        step: i32,
        offset: i32,
        from_end: bool,
        of_type: bool,
    },
    OnlyChild {
        of_type: bool,
    },
    Empty,
    Root,
    Scope,
    Not(Vec<Complex>),
    Is(Vec<Complex>),
    Has(Vec<Complex>),
    /// Its text holds this one, with whitespace collapsed.
    Contains(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Exists,
    Equals,
    Word,
    Language,
    Prefix,
    Suffix,
    Substring,
}

impl Selector {
    /// Compiles a selector. Error: `invalid_selector`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let alternatives = parse::parse(text).map_err(|problem| Error::InvalidSelector {
            selector: text.chars().take(200).collect(),
            problem,
        })?;
        Ok(Self { text: text.to_owned(), alternatives })
    }

    /// The selector as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Selector {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

#[cfg(test)]
mod tests;
