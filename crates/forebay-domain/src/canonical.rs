//! The canonical form of a JSON value: RFC 8785 (JCS), with exact numbers.
//!
//! Two payloads are the same version if and only if their canonical forms are the same bytes. So this writer is part of
//! the identity of all data: any change of its output invalidates every stored hash.
//!
//! The form follows RFC 8785: no whitespace, keys sorted by UTF-16 code units, the shortest escapes, numbers laid out
//! like ECMAScript's `Number::toString`. There is one difference. RFC 8785 first converts every number to a double;
//! here a number keeps its exact decimal value, and only the layout is the same:
//! - A number in the shortest form that ECMAScript writes for a double has the same bytes as in RFC 8785. (Other
//!   writers emit the same form, except for the rare double halfway between two forms of 16 digits, where some choose
//!   the odd last digit. RFC 8785 would correct it; this form keeps the number as written.)
//! - `1.0`, `1` and `1e0` are the same value, and `-0` is `0`.
//! - Integers beyond 2^53 and long decimals keep all their digits, so prices and numeric ids stay distinct. A payload
//!   read back from `jsonb`, which also keeps exact decimals (and writes `1e300` as a one and 300 zeros), has the same
//!   hash.
//!
//! Most text is copied, not rewritten: the parser marks values whose text is already canonical.

use crate::{
    hex,
    json::{Decimal, Kind, Parser, Value, string_end},
    reject::Reject,
    rules::Normalise,
};

/// Appends the canonical form of `value` to `out`.
#[inline]
pub fn write(value: Value<'_>, out: &mut Vec<u8>) {
    if value.is_canonical() {
        value.append_source(out);
        return;
    }
    write_parts(value, out, &mut |string, out| write_string(string, out));
}

/// Appends the canonical form of `value` with every string in it (except keys) normalised. For comparison only.
///
/// `scratch` is a reusable buffer.
pub fn write_normalised(value: Value<'_>, how: Normalise, scratch: &mut String, out: &mut Vec<u8>) {
    write_parts(value, out, &mut |string, out| {
        scratch.clear();
        how.apply(string, scratch);
        write_string(scratch, out);
    });
}

/// The canonical form of a JSON text.
pub fn canonical_text(text: &[u8]) -> Result<String, Reject> {
    let mut parser = Parser::default();
    let document = parser.parse(text)?;
    let mut out = Vec::with_capacity(text.len());
    write(document.root(), &mut out);
    Ok(into_string(out))
}

/// The output as text. The writer copies text and adds ASCII, so nothing is ever replaced here.
pub(crate) fn into_string(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Writes a value part by part. The parser's nesting limit bounds the recursion.
fn write_parts(value: Value<'_>, out: &mut Vec<u8>, string: &mut impl FnMut(&str, &mut Vec<u8>)) {
    match value.kind() {
        Kind::Null | Kind::True | Kind::False => value.append_source(out),
        Kind::Number if value.is_canonical() => value.append_source(out),
        Kind::Number => Decimal::of(value.source().as_bytes()).write(out),
        Kind::String => string(value.as_str().unwrap_or_default(), out),
        Kind::Array => {
            out.push(b'[');
            for (index, element) in value.elements().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_parts(element, out, string);
            }
            out.push(b']');
        }
        Kind::Object => {
            out.push(b'{');
            for (index, member) in value.sorted_members().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(member.key, out);
                out.push(b':');
                write_parts(member.value, out, string);
            }
            out.push(b'}');
        }
    }
}

/// Appends `string` as a JSON string, with only the escapes of RFC 8785, section 3.2.2.2.
pub fn write_string(string: &str, out: &mut Vec<u8>) {
    let bytes = string.as_bytes();
    out.push(b'"');
    let mut run = 0;
    loop {
        let stop = string_end(bytes, run);
        out.extend_from_slice(&bytes[run..stop]);
        let Some(special) = bytes.get(stop) else { break };
        match special {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            control => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&hex::pair(*control));
            }
        }
        run = stop + 1;
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests;
