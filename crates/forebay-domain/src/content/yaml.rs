//! YAML as a tree with places, for front matter and `curriculum.yaml`.
//!
//! Scalars keep their text: `1.10` stays `1.10`, and `yes`, `no` and dates are text. A field's reader decides what type
//! it expects. Events come from `saphyr-parser`; building the tree here keeps hostile text within bounds: anchors and
//! aliases are refused, and depth, size and number of nodes are limited.

mod fields;
mod places;
#[cfg(test)]
mod tests;
mod tree;

use std::ops::Range;

use super::Problem;

pub use fields::{Field, Reader};

/// The deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// The largest number of scalars, sequences and mappings.
pub const MAX_NODES: usize = 100_000;
/// The longest YAML text.
pub const MAX_BYTES: usize = 4 << 20;

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its bytes in the file. Quotes, brackets and block indicators belong to it. An omitted value has an empty span.
    pub span: Range<usize>,
    /// Its 1-based line.
    pub line: u32,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A single value.
    Scalar {
        /// Its text, with escapes and line folds resolved.
        text: String,
        /// Whether it is written without quotes or block indicator, so that YAML would give it a type.
        is_plain: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in their order. Keys are scalars and unique.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// Whether the value is omitted or written as null.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, is_plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether this is the same value, wherever and in whatever style it is written.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Scalar { text: one, .. }, Value::Scalar { text: other, .. }) => one == other,
            (Value::Sequence(one), Value::Sequence(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is_same(other))
            }
            (Value::Mapping(one), Value::Mapping(other)) => {
                let is_same = |((key, value), (other_key, other_value)): (&(Self, Self), &(Self, Self))| {
                    key.is_same(other_key) && value.is_same(other_value)
                };
                one.len() == other.len() && one.iter().zip(other).all(is_same)
            }
            _ => false,
        }
    }

    /// The key and value with this key, if this is a mapping that has it.
    pub fn pair(&self, key: &str) -> Option<&(Node, Node)> {
        match &self.value {
            Value::Mapping(pairs) => pairs.iter().find(|(name, _)| name.text() == Some(key)),
            Value::Scalar { .. } | Value::Sequence(_) => None,
        }
    }
}

/// Parses the YAML document in a byte range of a file; None if it is empty. Spans and lines are those of the file.
/// The error is the first problem: `yaml_syntax`, `yaml_bounds`, `duplicate_key` or `nul_character`.
pub fn parse(text: &str, range: Range<usize>, path: &str) -> Result<Option<Node>, Problem> {
    tree::parse(text, range, path)
}
