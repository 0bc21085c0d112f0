//! The text of a page: which encoding it is in.
//!
//! In the order of the HTML standard (13.2.3.2): a byte order mark, the `Content-Type` of the response, for HTML what a
//! `meta` among the first 1024 bytes says; then UTF-8 if it is valid, else windows-1252, in which everything is. The
//! names are those of the Encoding Standard. What cannot be decoded becomes U+FFFD.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How far a `meta` is looked for.
const PRESCAN: usize = 1024;

/// The text of a body that came with this `Content-Type`.
pub(crate) fn text<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, _)) = Encoding::for_bom(body) {
        // This takes the mark away.
        return encoding.decode_with_bom_removal(body).0;
    }
    let declared = content_type.and_then(charset).or_else(|| {
        let is_html =
            content_type.is_none_or(|content_type| content_type.to_ascii_lowercase().contains("html"));
        if is_html { prescan(body) } else { None }
    });
    let encoding = match declared {
        Some(encoding) => encoding,
        // Not decoded twice when it is what nearly everything is.
        None => match str::from_utf8(body) {
            Ok(text) => return Cow::Borrowed(text),
            Err(_) => WINDOWS_1252,
        },
    };
    encoding.decode_without_bom_handling(body).0
}

/// The encoding that a `Content-Type` names.
fn charset(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        name.trim().eq_ignore_ascii_case("charset").then(|| Encoding::for_label(value.as_bytes())).flatten()
    })
}

/// What a `meta` says: `<meta charset="x">` or `<meta http-equiv="content-type" content="text/html; charset=x">`. The
/// attributes of the tag are not parsed one by one; what follows `charset=` in it is taken.
fn prescan(body: &[u8]) -> Option<&'static Encoding> {
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
    let encoding = Encoding::for_label(label)?;
    // A page that could be read this far is not UTF-16, whatever it says (HTML, 13.2.3.2).
    let is_utf_16 = encoding == encoding_rs::UTF_16LE || encoding == encoding_rs::UTF_16BE;
    Some(if is_utf_16 { UTF_8 } else { encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_says_so_decides() {
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
    fn a_meta_far_down_does_not_count_and_broken_tags_do_no_harm() {
        let mut page = vec![b' '; PRESCAN];
        page.extend(b"<meta charset=koi8-r>\xc3\xa9");
        assert!(text(&page, Some("text/html")).ends_with('é'));
        for page in ["<", "<meta", "<meta ", "<meta charset", "<meta charset=", "<meta charset='", "<!--", ""]
        {
            assert_eq!(text(page.as_bytes(), None), page);
        }
    }

    #[test]
    fn utf_8_is_not_copied() {
        assert!(matches!(text("é".as_bytes(), None), Cow::Borrowed(_)));
        assert!(matches!(text("é".as_bytes(), Some("text/html; charset=utf-8")), Cow::Borrowed(_)));
    }
}
