//! Character encodings: from the bytes of a page to its text.
//!
//! The encoding is that of a byte order mark, of the `Content-Type` of the response, or of the document's own
//! declaration, in this order. Without any, a page is UTF-8 if it is valid UTF-8, otherwise windows-1252, which accepts
//! every byte. Encodings have the names of the Encoding Standard, and bytes that are invalid in an encoding become
//! U+FFFD. HTML (standard, 13.2.3.2), XML (RFC 7303, section 3) and calendars differ only in how they declare an
//! encoding.
use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// A `meta` element must be within this many bytes.
const PRESCAN: usize = 1024;
/// An XML declaration must be within this many bytes.
const DECLARATION: usize = 200;

/// The text of a page that is HTML, or something without a declaration of its own.
pub(crate) fn text<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    decode(body, content_type, |body| {
        let is_html =
            content_type.is_none_or(|content_type| content_type.to_ascii_lowercase().contains("html"));
        if is_html { in_html(body) } else { None }
    })
}

/// The text of an XML document.
pub(crate) fn xml<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    decode(body, content_type, in_xml)
}

/// The UTF-8 of a text that is decoded line by line ([`line`]), without its byte order mark: only an encoding in the
/// `Content-Type` converts it as a whole.
pub(crate) fn lines<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, [u8]> {
    match content_type.and_then(named).filter(|encoding| *encoding != UTF_8) {
        Some(encoding) => encoding.decode(body).0.into_owned().into_bytes().into(),
        None => body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).into(),
    }
}

/// The text of one line: UTF-8 if it is valid, otherwise windows-1252.
pub(crate) fn line(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned())
}

/// Decodes a body. `declared` finds the encoding in the document's own declaration.
fn decode<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
    declared: impl FnOnce(&[u8]) -> Option<&'static Encoding>,
) -> Cow<'a, str> {
    if let Some((encoding, _)) = Encoding::for_bom(body) {
        return encoding.decode_with_bom_removal(body).0;
    }
    // A document with a readable declaration is not UTF-16, even if it says so (HTML, 13.2.3.2).
    let declared = |body| declared(body).map(|found| if is_utf_16(found) { UTF_8 } else { found });
    let encoding = match content_type.and_then(named).or_else(|| declared(body)) {
        Some(encoding) => encoding,
        // Most pages are valid UTF-8 and need no copy.
        None => match str::from_utf8(body) {
            Ok(text) => return Cow::Borrowed(text),
            Err(_) => WINDOWS_1252,
        },
    };
    encoding.decode_without_bom_handling(body).0
}

fn is_utf_16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// The encoding that a `Content-Type` names.
fn named(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        name.trim().eq_ignore_ascii_case("charset").then(|| Encoding::for_label(value.as_bytes())).flatten()
    })
}

/// The encoding in an XML declaration: `<?xml version="1.0" encoding="x"?>`.
fn in_xml(body: &[u8]) -> Option<&'static Encoding> {
    let head = &body[..body.len().min(DECLARATION)];
    let declaration = head.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr::memmem::find(declaration, b"?>")?];
    let value = &declaration[memchr::memmem::find(declaration, b"encoding")? + b"encoding".len()..];
    let value = value.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let quote = *value.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let value = &value[1..];
    Encoding::for_label(&value[..memchr::memchr(quote, value)?])
}

/// The encoding in a `meta`: `<meta charset="x">` or `<meta http-equiv="content-type" content="text/html; charset=x">`.
/// Attributes are not parsed one by one: the value after `charset=` in the tag counts.
fn in_html(body: &[u8]) -> Option<&'static Encoding> {
    let start = &body[..body.len().min(PRESCAN)];
    let mut at = 0;
    while let Some(tag) = memchr::memchr(b'<', &start[at..]) {
        at += tag + 1;
        if start[at..].starts_with(b"!--") {
            at += memchr::memmem::find(&start[at..], b"-->")?;
            continue;
        }
        let is_meta = start[at..].get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"meta"))
            && start.get(at + 4).is_some_and(|next| next.is_ascii_whitespace() || *next == b'/');
        if is_meta {
            let end = memchr::memchr(b'>', &start[at..])?;
            if let Some(encoding) = in_meta(&start[at..at + end]) {
                return Some(encoding);
            }
        }
    }
    None
}

fn in_meta(tag: &[u8]) -> Option<&'static Encoding> {
    let lower = tag.to_ascii_lowercase();
    let name = memchr::memmem::find(&lower, b"charset")?;
    let rest = lower[name + b"charset".len()..].trim_ascii_start();
    let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'")).unwrap_or(rest);
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b';' | b'/');
    let label = &rest[..rest.iter().position(is_end).unwrap_or(rest.len())];
    Encoding::for_label(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_declaration_decides() {
        let cases: [(&[u8], Option<&str>, &str); 18] = [
            (b"\xef\xbb\xbfcaf\xc3\xa9", Some("text/html; charset=iso-8859-1"), "café"),
            (b"\xff\xfea\0\xe9\0", None, "aé"),
            (b"\xfe\xff\0a\0\xe9", Some("text/plain"), "aé"),
            (b"caf\xe9", Some("text/html; charset=ISO-8859-1"), "café"),
            (b"caf\xe9", Some("text/html;charset=\"latin1\" "), "café"),
            (b"\x93q\x94", Some("text/plain; charset=iso-8859-1"), "\u{201c}q\u{201d}"),
            (b"\x83\x65", Some("text/plain; boundary=x; CharSet=Shift_JIS"), "\u{30c6}"),
            (b"<meta charset=windows-1251>\xe0", Some("text/html"), "<meta charset=windows-1251>\u{430}"),
            (b"<META  CHARSET = 'koi8-r' />\xc1", None, "<META  CHARSET = 'koi8-r' />\u{430}"),
            (
                b"<meta http-equiv=content-type content='text/html; charset=euc-kr'>\xb0\xa1",
                Some("text/html"),
                "<meta http-equiv=content-type content='text/html; charset=euc-kr'>\u{ac00}",
            ),
            (b"<meta charset=utf-16>\xc3\xa9", Some("text/html"), "<meta charset=utf-16>é"),
            (b"<!-- <meta charset=koi8-r> -->\xc3\xa9", None, "<!-- <meta charset=koi8-r> -->é"),
            (b"<metadata charset=koi8-r>\xc3\xa9", None, "<metadata charset=koi8-r>é"),
            (b"<meta charset=koi8-r>\xc3\xa9", Some("application/json"), "<meta charset=koi8-r>é"),
            (b"caf\xc3\xa9", None, "café"),
            (b"caf\xe9", None, "café"),
            (b"caf\xe9", Some("text/html; charset=nonsense"), "café"),
            (b"a\xffb", Some("text/html; charset=utf-8"), "a\u{fffd}b"),
        ];
        for (body, content_type, expected) in cases {
            assert_eq!(text(body, content_type), expected, "{body:?} {content_type:?}");
        }
    }

    #[test]
    fn a_late_meta_does_not_count_and_broken_tags_are_ignored() {
        let mut page = vec![b' '; PRESCAN];
        page.extend(b"<meta charset=koi8-r>\xc3\xa9");
        assert!(text(&page, Some("text/html")).ends_with('é'));
        for page in ["<", "<meta", "<meta ", "<meta charset", "<meta charset=", "<meta charset='", "<!--", ""]
        {
            assert_eq!(text(page.as_bytes(), None), page);
        }
    }

    #[test]
    fn xml_may_declare_its_encoding() {
        let cases: [(&[u8], Option<&str>, &str); 11] = [
            ("<a>é".as_bytes(), None, "<a>é"),
            (b"<a>\xe9", None, "<a>é"),
            (b"\xef\xbb\xbf<a>", None, "<a>"),
            (b"\xff\xfe<\0a\0>\0", None, "<a>"),
            (
                b"<?xml version='1.0' encoding = 'ISO-8859-15'?>\xa4",
                None,
                "<?xml version='1.0' encoding = 'ISO-8859-15'?>€",
            ),
            (
                b"<?xml encoding='koi8-r'?>\xe9",
                Some("text/xml; charset=latin1"),
                "<?xml encoding='koi8-r'?>é",
            ),
            (b"<?xml encoding='utf-16'?>\xc3\xa9", None, "<?xml encoding='utf-16'?>é"),
            (b"\xc1", Some("application/rss+xml; Charset=\"koi8-r\""), "а"),
            (b"<?xml encoding=>\xc3\xa9", Some("text/xml; charset=nonsense"), "<?xml encoding=>é"),
            (b"\xff", Some("text/xml; charset=utf-8"), "\u{fffd}"),
            (b"<meta charset=koi8-r>\xc3\xa9", Some("application/xhtml+xml"), "<meta charset=koi8-r>é"),
        ];
        for (body, content_type, expected) in cases {
            assert_eq!(xml(body, content_type), expected, "{body:?} {content_type:?}");
        }
    }

    #[test]
    fn lines_are_decoded_one_by_one_unless_the_response_names_an_encoding() {
        let mixed = b"\xef\xbb\xbf\xc3\xa9\n\xe9";
        for content_type in [None, Some("text/calendar"), Some("text/calendar; charset=utf-8")] {
            let lines = lines(mixed, content_type);
            let lines: Vec<String> = lines.split(|byte| *byte == b'\n').map(|of| line(of.to_vec())).collect();
            assert_eq!(lines, ["é", "é"], "{content_type:?}");
        }
        assert_eq!(&*lines(b"\xc1\n", Some("text/calendar; charset=koi8-r")), "а\n".as_bytes());
    }

    #[test]
    fn utf_8_is_not_copied() {
        assert!(matches!(text("é".as_bytes(), None), Cow::Borrowed(_)));
        assert!(matches!(xml("<a>é".as_bytes(), None), Cow::Borrowed(_)));
        assert!(matches!(text("é".as_bytes(), Some("text/html; charset=utf-8")), Cow::Borrowed(_)));
    }
}
