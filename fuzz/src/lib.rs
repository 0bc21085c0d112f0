//! Shared by all fuzz targets: settings in JSON, a page around the fuzzer's bytes, and invariants of every harvest.
//!
//! To add a target, write a file in `fuzz_targets/` that calls [`read`] with the settings of its kind, and add its
//! `[[bin]]` to `Cargo.toml`.

use forebay_sources::{
    Link, Page, Role,
    kinds::{PageKind, PageReader},
};
use serde::de::DeserializeOwned;
use url::Url;

/// Settings of a kind. Panics if they are invalid.
pub fn settings<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("the settings of a fuzz target")
}

/// A kind without a sitemap.
pub fn kind(reader: PageReader) -> PageKind {
    PageKind::new(None, reader).expect("the settings of a fuzz target")
}

/// Reads a page with a kind, as a page of each role.
pub fn read(kind: &PageKind, body: &[u8]) {
    let url = Url::parse("https://example.edu/list?page=1").expect("a URL");
    for role in [Role::Sitemap, Role::Listing, Role::Detail] {
        let page = Page {
            url: url.clone(),
            content_type: None,
            link_headers: Vec::new(),
            body: body.to_vec().into(),
            fetched_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let Ok(harvest) = kind.harvest(&page, &Link::new(url.clone(), role)) else { continue };
        for span in &harvest.block.records {
            assert!(span.start <= span.end && span.end <= harvest.block.bytes.len());
        }
        for link in &harvest.links {
            assert_eq!(link.url.host_str(), Some("example.edu"), "a link to another host was not refused");
        }
    }
}
