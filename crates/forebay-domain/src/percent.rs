//! Percent-encoding (RFC 3986, section 2) of one part of a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a text so that it stands as one part of a URL: a path segment, a value in the query, a host.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Decodes a text. `None`: a `%` is not followed by two hexadecimal digits, or the result is not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit();
    let is_encoded = |part: &str| part.as_bytes().get(..2).is_some_and(|pair| pair.iter().all(is_digit));
    // The crate would leave a wrong `%` as it is.
    if !text.split('%').skip(1).all(is_encoded) {
        return None;
    }
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(encode("Spring 2026/ü%"), "Spring%202026%2F%C3%BC%25");
        assert_eq!(decode(&encode("Spring 2026/ü%")).as_deref(), Some("Spring 2026/ü%"));
    }

    #[test]
    fn wrong_encodings_are_refused() {
        assert_eq!(decode("a%2c+b").as_deref(), Some("a,+b"));
        for wrong in ["%", "%2", "%+1", "%zz", "%ff", "%é", "%%41"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
