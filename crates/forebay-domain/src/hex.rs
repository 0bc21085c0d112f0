//! Hexadecimal: two digits for each byte, lower case when written, either case when read.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The digits of one byte.
pub fn pair(byte: u8) -> [u8; 2] {
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

/// The byte with these digits. `None` unless both are hexadecimal.
pub fn byte(pair: [u8; 2]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}

/// The digits of all bytes.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| pair(*byte).map(char::from)).collect()
}

/// The bytes of a text of digits. `None` if a character is not a digit or a digit has no partner.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks();
    if rest.is_empty() { pairs.iter().map(|pair| byte(*pair)).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits_in_either_case() {
        let all: Vec<u8> = (0..=255).collect();
        let text = encode(&all);
        assert!(text.starts_with("000102") && text.ends_with("fdfeff"), "{text}");
        assert_eq!(decode(&text).as_ref(), Some(&all));
        assert_eq!(decode(&text.to_uppercase()), Some(all));
        assert_eq!(decode(""), Some(Vec::new()));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["0", "000", "0g", "+1", " 1", "ü", "0x"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
