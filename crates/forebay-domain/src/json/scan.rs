//! Scans bytes quickly: the ends of strings, escapes, and keys as integers with the same order.
//!
//! Strings are scanned eight bytes at a time in a 64-bit word: most strings in records are too short for a vector
//! search to pay off. All of it is safe arithmetic.

use std::cmp::Ordering;

use super::expectation::unexpected;
use crate::reject::Reject;

const LOW_BITS: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);

/// The byte at `at`, or 0 after the end: a zero byte is never valid where structure is expected.
#[inline]
pub(super) fn byte_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

#[inline]
pub(super) fn space_end(bytes: &[u8], mut at: usize) -> usize {
    while matches!(byte_at(bytes, at), b' ' | b'\n' | b'\r' | b'\t') {
        at += 1;
    }
    at
}

/// The position of the first quote, backslash or control character from `at` on, or the end of `bytes`.
///
/// These bytes end a plain run inside a string; a string must not contain them unescaped.
#[inline]
pub(crate) fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let hits = special_bytes(u64::from_le_bytes(*chunk));
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < bytes.len() && !matches!(bytes[at], b'"' | b'\\' | 0..0x20) {
        at += 1;
    }
    at
}

/// Sets the high bit of bytes of `word` that end a plain run; exact for the lowest such byte, which is all we use.
#[inline]
fn special_bytes(word: u64) -> u64 {
    // Flipping bit 1 moves the quote (0x22) down to 0x20, next to the control characters: one comparison for both.
    let flipped = word ^ (LOW_BITS * 0x02);
    let quote_or_control = flipped.wrapping_sub(LOW_BITS * 0x21) & !flipped;
    let no_backslash = word ^ (LOW_BITS * 0x5c);
    let backslash = no_backslash.wrapping_sub(LOW_BITS) & !no_backslash;
    (quote_or_control | backslash) & HIGH_BITS
}

/// One escape sequence.
pub(super) struct Escape {
    pub(super) character: char,
    /// The position after it.
    pub(super) end: usize,
    /// Whether RFC 8785 writes the character exactly like this.
    pub(super) canonical: bool,
    /// Whether it replaces a character that Postgres cannot store.
    pub(super) replaced: bool,
}

/// Reads the escape with its backslash at `at`.
pub(super) fn escape(text: &str, at: usize) -> Result<Escape, Reject> {
    let simple = |character, canonical| Ok(Escape { character, end: at + 2, canonical, replaced: false });
    match byte_at(text.as_bytes(), at + 1) {
        b'"' => simple('"', true),
        b'\\' => simple('\\', true),
        b'n' => simple('\n', true),
        b't' => simple('\t', true),
        b'r' => simple('\r', true),
        b'b' => simple('\u{8}', true),
        b'f' => simple('\u{c}', true),
        b'/' => simple('/', false),
        b'u' => unicode_escape(text, at),
        _ => Err(unexpected(text, at + 1, "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")),
    }
}

fn unicode_escape(text: &str, at: usize) -> Result<Escape, Reject> {
    let unit = code_unit(text, at + 2)?;
    let end = at + 6;
    let one = |character, canonical, replaced| Ok(Escape { character, end, canonical, replaced });
    match char::from_u32(u32::from(unit)) {
        Some('\0') => one(char::REPLACEMENT_CHARACTER, false, true),
        Some(character) => one(character, is_canonical_escape(text, at, unit), false),
        None if unit < 0xdc00 && text.as_bytes().get(end..end + 2) == Some(b"\\u") => {
            let low = code_unit(text, end + 2)?;
            match char::decode_utf16([unit, low]).next() {
                Some(Ok(character)) => {
                    Ok(Escape { character, end: end + 6, canonical: false, replaced: false })
                }
                // Only the first half is replaced: the text after it is read again on its own.
                _ => one(char::REPLACEMENT_CHARACTER, false, true),
            }
        }
        None => one(char::REPLACEMENT_CHARACTER, false, true),
    }
}

/// RFC 8785 writes `\u00xx` in lower case, and only for control characters that have no short escape.
fn is_canonical_escape(text: &str, at: usize, unit: u16) -> bool {
    let has_short_form = matches!(unit, 0x08 | 0x09 | 0x0a | 0x0c | 0x0d);
    unit < 0x20 && !has_short_form && !text.as_bytes()[at + 2..at + 6].iter().any(u8::is_ascii_uppercase)
}

fn code_unit(text: &str, at: usize) -> Result<u16, Reject> {
    let mut unit = 0;
    for position in at..at + 4 {
        let digit = char::from(byte_at(text.as_bytes(), position)).to_digit(16);
        let Some(digit) = digit.and_then(|digit| u16::try_from(digit).ok()) else {
            return Err(unexpected(text, position, "four hexadecimal digits"));
        };
        unit = unit << 4 | digit;
    }
    Ok(unit)
}

/// The first eight bytes of a key as an integer with the same order as the key.
///
/// A shorter key is padded with zero bytes, which no key contains. If prefixes are equal, compare the full keys.
#[inline]
pub(super) fn key_prefix(bytes: &[u8], start: usize, end: usize) -> u64 {
    let length = end - start;
    let word = match bytes.get(start..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(chunk) if length >= 8 => u64::from_be_bytes(*chunk),
        Some(_) if length == 0 => 0,
        Some(chunk) => u64::from_be_bytes(*chunk) & (u64::MAX << (8 * (8 - length))),
        None => {
            let mut filled = [0; 8];
            for (slot, byte) in filled.iter_mut().zip(&bytes[start..end]) {
                *slot = *byte;
            }
            u64::from_be_bytes(filled)
        }
    };
    if word & HIGH_BITS == 0 { word } else { u64::from_be_bytes(word.to_be_bytes().map(rank)) }
}

/// The order of two keys by UTF-16 code units, without building them.
pub(super) fn compare_keys(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    match a.iter().zip(b).find(|(x, y)| x != y) {
        Some((x, y)) => rank(*x).cmp(&rank(*y)),
        None => a.len().cmp(&b.len()),
    }
}

/// UTF-8 and UTF-16 order differ in only one way: U+E000 to U+FFFF (first bytes 0xEE and 0xEF) sort after all
/// characters beyond the basic plane (0xF0 to 0xF4), which UTF-16 writes as surrogates from 0xD800.
#[inline]
fn rank(byte: u8) -> u8 {
    if matches!(byte, 0xee | 0xef) { byte + 0x10 } else { byte }
}
