//! Stored JSON in canonical form, with every digit of its numbers.
//!
//! `jsonb` keeps exact decimals but formats keys and spaces in its own way. Hashes are computed over the canonical
//! form, so equal content has equal bytes everywhere. Reading it into `serde_json::Value` would truncate long numbers.

use crate::error::{Error, Result};
use forebay_domain::{
    canonical,
    json::{MAX_DEPTH_LIMIT, Parser},
};

/// Converts texts to canonical form, one after the other, and reuses its buffers.
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
    /// Empty buffers.
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

    /// The canonical form of a stored JSON text, as an owned string.
    pub fn text(&mut self, text: &str) -> Result<String> {
        let form = self.form(text)?;
        String::from_utf8(form.to_vec()).map_err(|error| unreadable(&error.to_string()))
    }
}

/// A JSON object with one field per line, in canonical order, with values in canonical form: valid JSON, and readable.
pub fn pretty(object: &str) -> Result<String> {
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
        let text = pretty(STORED).unwrap();
        assert_eq!(
            text,
            "{\n  \"a\": {\"b\":null,\"c\":1},\n  \"id\": 9007199254740993,\n  \"é\": [1.5,\"x\"]\n}"
        );
        assert_eq!(Canonical::new().text(&text).unwrap(), Canonical::new().text(STORED).unwrap());
    }
}
