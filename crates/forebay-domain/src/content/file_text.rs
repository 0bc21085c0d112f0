//! From the bytes of a file to text, and the hashes by which files are compared.

use ring::digest::{Context, SHA256};

use super::{Problem, ProblemCode};

/// Reads a file as text. Errors: `too_large`, `not_utf8` and `nul_character`, with the line of the first bad byte.
pub fn decode<'a>(bytes: &'a [u8], path: &str, max_bytes: usize) -> Result<&'a str, Problem> {
    if bytes.len() > max_bytes {
        let message = format!("the file has {} bytes, and at most {max_bytes} are allowed", bytes.len());
        return Err(Problem::error(ProblemCode::TooLarge, path, message).hint("split the file"));
    }
    if let Some(at) = memchr::memchr(0, bytes) {
        let message = "the file contains the character U+0000, which Postgres cannot store";
        return Err(Problem::error(ProblemCode::NulCharacter, path, message).at(line_of(bytes, at)));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let message = format!("byte {at} is not valid UTF-8 (0x{:02x})", bytes[at]);
        Problem::error(ProblemCode::NotUtf8, path, message)
            .at(line_of(bytes, at))
            .hint("save the file as UTF-8")
    })
}

/// SHA-256 of a file.
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    finish(context)
}

/// [`hash`] and [`hash_ignoring_line_endings`] of a file.
pub fn hashes(bytes: &[u8]) -> ([u8; 32], [u8; 32]) {
    let exact = hash(bytes);
    let has_returns = memchr::memchr(b'\r', bytes).is_some();
    (exact, if has_returns { hash_ignoring_line_endings(bytes) } else { exact })
}

/// SHA-256 of a file with LF instead of CRLF and CR. If two files differ only in their line endings, it is the same.
pub fn hash_ignoring_line_endings(bytes: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let mut start = 0;
    for at in memchr::memchr_iter(b'\r', bytes) {
        context.update(&bytes[start..at]);
        start = at + 1;
        if bytes.get(start) != Some(&b'\n') {
            context.update(b"\n");
        }
    }
    context.update(&bytes[start..]);
    finish(context)
}

fn finish(context: Context) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The 1-based line of an offset, in bytes that may not be text. Line endings as in [`super::lines`].
fn line_of(bytes: &[u8], at: usize) -> u32 {
    let before = &bytes[..at];
    let num_endings = memchr::memchr2_iter(b'\n', b'\r', before)
        .filter(|end| bytes[*end] == b'\n' || bytes.get(end + 1) != Some(&b'\n'))
        .count();
    u32::try_from(num_endings + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_returned_unchanged() {
        assert_eq!(decode("\u{feff}olá\r\n".as_bytes(), "a.md", 100).unwrap(), "\u{feff}olá\r\n");
        assert_eq!(decode(b"1234", "a.md", 4).unwrap(), "1234");
        assert_eq!(decode(b"", "a.md", 0).unwrap(), "");
    }

    #[test]
    fn a_bad_byte_is_reported_with_its_line() {
        let problem = decode(b"one\r\ntwo\nthr\xe9e", "lessons/1.1-a.md", 100).unwrap_err();
        assert_eq!((problem.code, problem.line), (ProblemCode::NotUtf8, Some(3)));
        assert_eq!(problem.path, "lessons/1.1-a.md");
        assert_eq!(problem.message, "byte 12 is not valid UTF-8 (0xe9)");
        // A character that is cut off at the end of the file.
        assert_eq!(decode(b"ol\xc3", "a.md", 100).unwrap_err().code, ProblemCode::NotUtf8);
    }

    #[test]
    fn nul_is_reported_with_its_line() {
        let problem = decode(b"one\rtwo\n\0", "a.md", 100).unwrap_err();
        assert_eq!((problem.code, problem.line), (ProblemCode::NulCharacter, Some(3)));
    }

    #[test]
    fn a_file_over_the_limit_is_refused_before_it_is_read() {
        let problem = decode(b"\xff\xff", "a.md", 1).unwrap_err();
        assert_eq!((problem.code, problem.line), (ProblemCode::TooLarge, None));
        assert_eq!(problem.message, "the file has 2 bytes, and at most 1 are allowed");
    }

    #[test]
    fn the_hash_is_sha_256() {
        let expected = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
            0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
        ];
        assert_eq!(hash(b"abc"), expected);
    }

    proptest! {
        #[test]
        fn line_endings_change_only_the_exact_hash(text in "[a\r\n]{0,20}") {
            let lf = text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(hash_ignoring_line_endings(text.as_bytes()), hash(lf.as_bytes()));
            prop_assert_eq!(hash(text.as_bytes()) == hash(lf.as_bytes()), text == lf);
            prop_assert_eq!(hashes(text.as_bytes()), (hash(text.as_bytes()), hash(lf.as_bytes())));
        }

        #[test]
        fn whatever_decodes_has_the_same_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            match decode(&bytes, "a", 30) {
                Ok(text) => prop_assert_eq!(text.as_bytes(), &bytes[..]),
                Err(problem) => prop_assert!(
                    bytes.len() > 30 || bytes.contains(&0) || std::str::from_utf8(&bytes).is_err(),
                    "{:?}", problem
                ),
            }
        }
    }
}
