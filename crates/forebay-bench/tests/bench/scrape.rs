//! `forebay-bench scrape` without its peer.

use serde_json::json;

use crate::server::{assert_form, names, server, values};

#[test]
fn a_replay_writes_nothing_and_the_absent_peer_is_named() {
    let server = server();
    let (exit, document) = server.bench("scrape --pages 60 --rounds 1");
    assert_eq!(exit, 0, "{document}");
    assert_form(&document, "scrape");
    let found = values(&document);
    assert_eq!((found["pages"], found["records"]), (60.0, 58.0), "{document}");
    assert_eq!((found["num_not_modified"], found["rows_written"]), (60.0, 0.0), "{document}");
    for measured in ["fetch_extract", "scrape", "replay"] {
        assert!(found[measured] > 0.0, "{document}");
    }
    assert!(!found.contains_key("scrapy") && names(&document, "ratios").is_empty(), "{document}");
    assert_eq!(document["peers"], json!([{ "name": "scrapy", "version": null }]));
    assert!(!server.has_scratch());
}
