//! `html`: items, fields of every form, detail pages and the next page.

#![no_main]

use std::sync::LazyLock;

use forebay_fuzz::{kind, read, settings};
use forebay_sources::kinds::{PageKind, PageReader};
use libfuzzer_sys::fuzz_target;

static KIND: LazyLock<PageKind> = LazyLock::new(|| {
    kind(PageReader::Html(settings(
        r#"{"url": "https://example.edu/", "items": "li.course:not(.closed), div.course", "next": "a.next", "follow": "h2 > a",
            "fields": {"id": "@data-id", "title": {"select": "h2", "required": true}, "tags": ".tag[]",
                       "all": {"select": "*", "list": true, "html": true}, "has": "p:has(> b + b)", "last": "p:last-of-type"},
            "detail": {"fields": {"room": "dt:contains(Room) + dd", "days": "tr td:first-child[]"}}}"#,
    )))
});

fuzz_target!(|body: &[u8]| read(&KIND, body));
