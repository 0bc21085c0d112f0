//! JSON pointers (RFC 6901): the one parser and writer for key fields, record pointers and links to the next page.

use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

/// A JSON pointer, such as `/data/items`. The empty one, which is the default, refers to the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pointer {
    text: String,
    tokens: Vec<String>,
}

/// A text is not a JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a JSON pointer such as /data/items")]
pub struct PointerError;

impl Pointer {
    /// The pointer as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The keys and indexes on the way to the value, without escapes.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Pointer {
    type Error = PointerError;

    fn try_from(text: String) -> Result<Self, PointerError> {
        let tokens = match text.strip_prefix('/') {
            Some(rest) => rest.split('/').map(unescaped).collect::<Result<_, _>>()?,
            None if text.is_empty() => Vec::new(),
            None => return Err(PointerError),
        };
        Ok(Self { text, tokens })
    }
}

impl Serialize for Pointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl JsonSchema for Pointer {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pointer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// Writes tokens as a pointer.
pub fn join<T: AsRef<str>>(tokens: &[T]) -> String {
    let mut pointer = String::new();
    for token in tokens {
        pointer.push('/');
        pointer.push_str(&escaped(token.as_ref()));
    }
    pointer
}

/// A token as a pointer contains it.
pub(crate) fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Reads a token as an array index: digits without a leading zero.
pub fn index(token: &str) -> Option<usize> {
    let is_plain =
        token.bytes().all(|byte| byte.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
    if is_plain { token.parse().ok() } else { None }
}

/// Undoes the escapes of a token: `~1` is a slash and `~0` a tilde. Nothing else may follow a tilde.
fn unescaped(token: &str) -> Result<String, PointerError> {
    if token.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
        return Err(PointerError);
    }
    Ok(token.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_follow_the_standard() {
        let tokens = |text: &str| text.parse::<Pointer>().unwrap().tokens;
        assert_eq!(tokens("/a~1b/~0c/0//"), ["a/b", "~c", "0", "", ""]);
        assert_eq!(tokens("/~01"), ["~1"]);
        assert!(tokens("").is_empty());
        for wrong in ["data", "/a~", "/a~2", "~1a"] {
            assert_eq!(wrong.parse::<Pointer>(), Err(PointerError), "{wrong}");
        }
    }

    #[test]
    fn tokens_round_trip() {
        for text in ["", "/", "/a~1b/~0c/0//", "/~01"] {
            assert_eq!(join(text.parse::<Pointer>().unwrap().tokens()), text);
        }
    }

    #[test]
    fn an_index_has_no_sign_and_no_leading_zero() {
        assert_eq!(["0", "7", "10"].map(index), [Some(0), Some(7), Some(10)]);
        for wrong in ["", "01", "00", "+1", "-", "1a", "99999999999999999999"] {
            assert_eq!(index(wrong), None, "{wrong}");
        }
    }
}
