//! The types of fields, and which values they accept.
//!
//! Text is accepted where it spells a value, because CSV has nothing else. Dates and times are those of RFC 3339; a
//! time without an offset is UTC.

use std::{fmt, str::FromStr};

use super::time::{is_date, is_timestamp};
use crate::{
    drift::{JsonType, TypeSet},
    json::{Decimal, Kind, Value},
};

crate::words! {
    /// The type of a single value.
    pub enum ScalarType {
        /// Text; numbers and booleans as they are written.
        Text = "text",
        /// A whole number of 64 bits.
        Integer = "integer",
        /// A number of any precision.
        Number = "number",
        /// True or false.
        Boolean = "boolean",
        /// A day.
        Date = "date",
        /// A point in time.
        Timestamp = "timestamp",
        /// A UUID.
        Uuid = "uuid",
        /// The URL of a page.
        Url = "url",
        /// Any JSON.
        Json = "json",
    }
}

/// The type of a field: single values, or lists of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType {
    /// The type of a value.
    pub scalar: ScalarType,
    /// Whether the field holds a list of them.
    pub is_list: bool,
}

/// A text names no type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown type {unknown:?}; expected one of {}, or a list of them such as text[]", ScalarType::ALL.map(ScalarType::as_str).join(", "))]
pub struct UnknownType {
    /// The text.
    pub unknown: String,
}

impl FieldType {
    /// Whether it accepts a value. Null and empty text are no values, so ask for others only.
    pub fn accepts(self, value: Value<'_>) -> bool {
        if self.is_list {
            return value.kind() == Kind::Array
                && value.elements().all(|element| self.scalar.accepts(element));
        }
        self.scalar.accepts(value)
    }

    /// The JSON types of values that it accepts.
    pub fn json_types(self) -> TypeSet {
        if self.is_list {
            return TypeSet::of(JsonType::Array);
        }
        let types: &[JsonType] = match self.scalar {
            ScalarType::Text => &[JsonType::Boolean, JsonType::Number, JsonType::String],
            ScalarType::Integer | ScalarType::Number => &[JsonType::Number, JsonType::String],
            ScalarType::Boolean => &[JsonType::Boolean, JsonType::String],
            ScalarType::Json => &JsonType::ALL,
            _ => &[JsonType::String],
        };
        types.iter().copied().collect()
    }

    /// Whether its values can be the key of a record.
    pub(super) fn holds_keys(self) -> bool {
        !self.is_list && matches!(self.scalar, ScalarType::Text | ScalarType::Integer | ScalarType::Uuid)
    }

    /// Whether its values have an order.
    pub(super) fn is_indexable(self) -> bool {
        !self.is_list && self.scalar != ScalarType::Json
    }
}

impl FromStr for FieldType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        let (word, is_list) = match text.strip_suffix("[]") {
            Some(word) => (word, true),
            None => (text, false),
        };
        let scalar = ScalarType::parse(word).ok_or_else(|| UnknownType { unknown: text.to_owned() })?;
        Ok(Self { scalar, is_list })
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.scalar, if self.is_list { "[]" } else { "" })
    }
}

impl ScalarType {
    fn accepts(self, value: Value<'_>) -> bool {
        if self == Self::Json {
            return true;
        }
        match value.kind() {
            Kind::String => self.accepts_text(value.as_str().unwrap_or_default()),
            Kind::Number => match self {
                Self::Text | Self::Number => true,
                Self::Integer => is_integer(value.source()),
                _ => false,
            },
            Kind::True | Kind::False => matches!(self, Self::Text | Self::Boolean),
            Kind::Null | Kind::Array | Kind::Object => false,
        }
    }

    fn accepts_text(self, text: &str) -> bool {
        match self {
            Self::Text | Self::Json => true,
            Self::Integer => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                digits.len() <= 18 && is_digits(digits)
            }
            Self::Number => is_number(text),
            Self::Boolean => {
                let word = text.to_ascii_lowercase();
                matches!(word.as_str(), "true" | "false" | "t" | "f" | "yes" | "no" | "1" | "0")
            }
            Self::Date => is_date(text),
            Self::Timestamp => is_timestamp(text),
            Self::Uuid => is_uuid(text),
            Self::Url => is_url(text),
        }
    }
}

/// Whether a JSON number is a whole one of 64 bits.
fn is_integer(literal: &str) -> bool {
    let (is_negative, point, mut digits) = Decimal::of(literal.as_bytes()).parts();
    let Ok(length) = usize::try_from(point) else { return digits.is_empty() };
    if digits.len() > length || length > 19 {
        return false;
    }
    digits.resize(length, b'0');
    let magnitude = digits.iter().fold(0_u128, |sum, digit| sum * 10 + u128::from(digit - b'0'));
    magnitude <= u128::from(i64::MAX.unsigned_abs()) + u128::from(is_negative)
}

/// Digits, a fraction and an exponent, each optional but the first; short enough for every `numeric`.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_short = |digits: &str, longest| digits.len() <= longest && is_digits(digits);
    let is_exponent = |text: &str| is_short(text.strip_prefix(['+', '-']).unwrap_or(text), 2);
    is_short(whole, 100)
        && fraction.is_none_or(|digits| is_short(digits, 100))
        && exponent.is_none_or(is_exponent)
}

/// Whether a text is one or more ASCII digits.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    let fits = lengths.iter().all(|length| {
        parts
            .next()
            .is_some_and(|part| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    fits && parts.next().is_none()
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    is_web
        && !rest.is_empty()
        && !rest.starts_with(['/', '?', '#'])
        && !rest.contains(|c: char| c <= ' ' || c == '\u{7f}')
}
