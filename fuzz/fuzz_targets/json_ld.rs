//! `json_ld`: blocks of JSON-LD and the links around them.

#![no_main]

use std::sync::LazyLock;

use forebay_fuzz::{kind, read, settings};
use forebay_sources::kinds::{PageKind, PageReader};
use libfuzzer_sys::fuzz_target;

static KIND: LazyLock<PageKind> = LazyLock::new(|| {
    kind(PageReader::JsonLd(settings(
        r#"{"url": "https://example.edu/", "types": ["Event", "Course"], "next": "a[rel=next]", "follow": "li.event a"}"#,
    )))
});

fuzz_target!(|body: &[u8]| read(&KIND, body));
