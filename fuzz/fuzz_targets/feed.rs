//! `feed`: RSS, Atom and JSON Feed.

#![no_main]

use std::sync::LazyLock;

use forebay_fuzz::{kind, read, settings};
use forebay_sources::kinds::{PageKind, PageReader};
use libfuzzer_sys::fuzz_target;

static KIND: LazyLock<PageKind> =
    LazyLock::new(|| kind(PageReader::Feed(settings(r#"{"url": "https://example.edu/feed.xml"}"#))));

fuzz_target!(|body: &[u8]| read(&KIND, body));
