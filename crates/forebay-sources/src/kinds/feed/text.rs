//! The text of a feed: XML says its encoding in more places than HTML does (RFC 7303, section 3).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use crate::Page;

/// The declaration of an XML document stands in so many bytes.
const DECLARATION: usize = 200;

/// The text of a page, by its byte order mark, else the charset of `Content-Type`, else its XML declaration, else UTF-8,
/// or if it is not that, windows-1252. Bytes that are not of the encoding become U+FFFD.
pub(in crate::kinds) fn of(page: &Page) -> Cow<'_, str> {
    let body = &page.body[..];
    let named = charset(page.content_type.as_deref().unwrap_or_default()).or_else(|| declared(body));
    let fallback = if std::str::from_utf8(body).is_ok() { UTF_8 } else { WINDOWS_1252 };
    // Looks at the byte order mark first, which outranks all others.
    named.unwrap_or(fallback).decode(body).0
}

pub(in crate::kinds) fn charset(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| Encoding::for_label(value.trim().trim_matches('"').as_bytes()))?
    })
}

fn declared(body: &[u8]) -> Option<&'static Encoding> {
    let head = &body[..body.len().min(DECLARATION)];
    let declaration = head.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr::memmem::find(declaration, b"?>")?];
    let value = &declaration[memchr::memmem::find(declaration, b"encoding")? + b"encoding".len()..];
    let value = value.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let quote = *value.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let value = &value[1..];
    Encoding::for_label(&value[..memchr::memchr(quote, value)?])
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn the_encoding_is_told_in_four_places() {
        let read = |content_type: Option<&str>, body: &[u8]| {
            let page = Page {
                url: "https://example.edu/".parse().unwrap(),
                content_type: content_type.map(str::to_owned),
                link_headers: Vec::new(),
                body: Bytes::copy_from_slice(body),
                fetched_at: Timestamp::UNIX_EPOCH,
            };
            of(&page).into_owned()
        };
        assert_eq!(read(None, "<a>é".as_bytes()), "<a>é");
        assert_eq!(read(None, b"<a>\xe9"), "<a>é");
        assert_eq!(read(None, b"\xef\xbb\xbf<a>"), "<a>");
        assert_eq!(read(None, b"\xff\xfe<\0a\0>\0"), "<a>");
        assert_eq!(
            read(None, b"<?xml version='1.0' encoding = 'ISO-8859-15'?>\xa4"),
            "<?xml version='1.0' encoding = 'ISO-8859-15'?>€"
        );
        assert_eq!(read(Some("application/rss+xml; Charset=\"koi8-r\""), b"\xc1"), "а");
        assert_eq!(
            read(Some("text/xml; charset=nonsense"), b"<?xml encoding=>\xc3\xa9"),
            "<?xml encoding=>é"
        );
        assert_eq!(read(Some("text/xml; charset=utf-8"), b"\xff"), "\u{fffd}");
    }
}
