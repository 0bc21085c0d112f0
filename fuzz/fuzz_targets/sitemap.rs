//! `sitemap`: XML, plain text and gzip.

#![no_main]

use std::sync::LazyLock;

use forebay_fuzz::{read, settings};
use forebay_sources::kinds::{PageKind, PageReader};
use libfuzzer_sys::fuzz_target;

static KIND: LazyLock<PageKind> = LazyLock::new(|| {
    let sitemap =
        settings(r#"{"url": "https://example.edu/", "include": ["/courses/*"], "exclude": ["*/old/*"]}"#);
    let pages = PageReader::Html(settings(r#"{"fields": {"title": "title"}}"#));
    PageKind::new(Some(sitemap), pages).expect("the settings of a fuzz target")
});

fuzz_target!(|body: &[u8]| read(&KIND, body));
