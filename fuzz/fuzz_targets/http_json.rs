//! `http_json`: pages of JSON with a cursor.

#![no_main]

use std::sync::LazyLock;

use forebay_fuzz::{kind, read, settings};
use forebay_sources::kinds::{PageKind, PageReader};
use libfuzzer_sys::fuzz_target;

static KIND: LazyLock<PageKind> = LazyLock::new(|| {
    kind(PageReader::HttpJson(settings(
        r#"{"url": "https://example.edu/", "records": "/data/items", "cursor": {"pointer": "/meta/next"}}"#,
    )))
});

fuzz_target!(|body: &[u8]| read(&KIND, body));
