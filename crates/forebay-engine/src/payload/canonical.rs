//! Stored JSON in canonical form, with every digit of its numbers.
//!
//! `jsonb` keeps exact decimals but writes keys and spaces in its own way. The canonical form is the one that hashes are
//! made of, so equal content has equal bytes everywhere. Reading it into `serde_json::Value` would cut long numbers.

use crate::error::{Error, Result};
use forebay_domain::{
    canonical,
    json::{MAX_DEPTH_LIMIT, Parser},
};

/// Turns many texts into canonical form, one after the other, in buffers that are used again.
#[derive(Debug)]
pub struct Canonical {
    parser: Parser,
    out: Vec<u8>,
}

impl Default for Canonical {
    fn default() -> Self {
        Self::new()
    }
}

impl Canonical {
    /// Buffers without anything in them.
    pub fn new() -> Self {
        Self { parser: Parser::new(MAX_DEPTH_LIMIT), out: Vec::new() }
    }

    /// The canonical form of a stored JSON text.
    pub fn form(&mut self, text: &str) -> Result<&[u8]> {
        self.out.clear();
        let document = self.parser.parse(text.as_bytes()).map_err(|reject| unreadable(&reject.message))?;
        canonical::write(document.root(), &mut self.out);
        Ok(&self.out)
    }

    /// The same as a text of its own.
    pub fn text(&mut self, text: &str) -> Result<String> {
        let form = self.form(text)?;
        String::from_utf8(form.to_vec()).map_err(|error| unreadable(&error.to_string()))
    }
}

/// A JSON object with each of its fields on a line, in canonical order, values in canonical form: still JSON, and
/// readable.
pub fn spread(object: &str) -> Result<String> {
    let mut parser = Parser::new(MAX_DEPTH_LIMIT);
    let document = parser.parse(object.as_bytes()).map_err(|reject| unreadable(&reject.message))?;
    let mut out = Vec::from(*b"{");
    for (place, member) in document.root().sorted_members().enumerate() {
        out.extend_from_slice(if place == 0 { b"\n  " } else { b",\n  " });
        canonical::write_string(member.name(), &mut out);
        out.extend_from_slice(b": ");
        canonical::write(member.value, &mut out);
    }
    out.extend_from_slice(b"\n}");
    String::from_utf8(out).map_err(|error| unreadable(&error.to_string()))
}

fn unreadable(why: &str) -> Error {
    Error::Payload(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = r#"{"id": 9007199254740993, "é": [1.50, "x"], "a": {"c": 1, "b": null}}"#;

    #[test]
    fn keys_are_sorted_and_digits_stay() {
        let mut canonical = Canonical::new();
        for _ in 0..2 {
            let form = canonical.text(STORED).unwrap();
            assert_eq!(form, r#"{"a":{"b":null,"c":1},"id":9007199254740993,"é":[1.5,"x"]}"#);
        }
        assert_eq!(canonical.text("1.0").unwrap(), "1");
        assert_eq!(canonical.form("{").unwrap_err().code(), "payload_unreadable");
    }

    #[test]
    fn spread_out_it_is_the_same_object() {
        let text = spread(STORED).unwrap();
        assert_eq!(
            text,
            "{\n  \"a\": {\"b\":null,\"c\":1},\n  \"id\": 9007199254740993,\n  \"é\": [1.5,\"x\"]\n}"
        );
        assert_eq!(Canonical::new().text(&text).unwrap(), Canonical::new().text(STORED).unwrap());
    }
}
