//! Percent-encoding (RFC 3986, section 2).

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode, percent_decode_str, percent_encode,
    utf8_percent_encode,
};

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Bytes that no URL contains, whatever their meaning. The crate always encodes what is not ASCII.
const FORBIDDEN: &AsciiSet = &CONTROLS.add(b' ');

/// Encodes a text for use as one part of a URL: a path segment, a query value, a host.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Decodes a text. `None`: a `%` is not followed by two hexadecimal digits, or the result is not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let is_digit = |byte: &u8| byte.is_ascii_hexdigit();
    let is_encoded = |part: &str| part.as_bytes().get(..2).is_some_and(|pair| pair.iter().all(is_digit));
    // The crate would leave an invalid `%` unchanged.
    if !text.split('%').skip(1).all(is_encoded) {
        return None;
    }
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

/// Gives a path, with its query, one spelling (RFC 9309, 2.2.2): unreserved characters are decoded, forbidden bytes are
/// encoded, and digits are upper case. An encoded reserved character differs from the bare one, so both stay as they
/// are. So does a `%` that is not followed by two hexadecimal digits.
pub fn normalise(path: &[u8]) -> Vec<u8> {
    let mut normal = Vec::with_capacity(path.len());
    let mut extend = |bytes: &[u8], set| {
        percent_encode(bytes, set).for_each(|part| normal.extend_from_slice(part.as_bytes()));
    };
    for (index, piece) in path.split(|byte| *byte == b'%').enumerate() {
        match piece.split_at_checked(2) {
            _ if index == 0 => extend(piece, FORBIDDEN),
            Some((digits, rest)) if digits.iter().all(u8::is_ascii_hexdigit) => {
                let encoded = [b'%', digits[0], digits[1]];
                percent_decode(&encoded).for_each(|byte| extend(&[byte], RESERVED));
                extend(rest, FORBIDDEN);
            }
            _ => {
                extend(b"%", FORBIDDEN);
                extend(piece, FORBIDDEN);
            }
        }
    }
    normal
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
    fn a_path_has_one_spelling() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b"/a/b?c=https://d.e&f", b"/a/b?c=https://d.e&f"),
            ("/\u{30c4}".as_bytes(), b"/%E3%83%84"),
            (b"/%e3%83%84", b"/%E3%83%84"),
            (b"/%62%61%7A%7e", b"/baz~"),
            (b"/a%2fb*%2a", b"/a%2Fb*%2A"),
            (b"/a b\x00\x7f\xff", b"/a%20b%00%7F%FF"),
            (b"%", b"%"),
            (b"/%zz%4%%41", b"/%zz%4%A"),
            (b"", b""),
        ];
        for (path, expected) in cases {
            assert_eq!(normalise(path), expected, "{}", path.escape_ascii());
        }
    }

    #[test]
    fn wrong_encodings_are_refused() {
        assert_eq!(decode("a%2c+b").as_deref(), Some("a,+b"));
        for wrong in ["%", "%2", "%+1", "%zz", "%ff", "%é", "%%41"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
