//! `forebay-bench handoff` without its peers.

use serde_json::json;

use crate::server::{assert_form, names, server};

#[test]
fn absent_peers_are_named_and_nothing_is_compared_with_them() {
    let server = server();
    let (exit, document) = server.bench("handoff --handoffs 2000 --rounds 1");
    assert_eq!(exit, 0, "{document}");
    assert_form(&document, "handoff");
    let measured = [
        "handoffs",
        "workers",
        "transactional_enqueue",
        "transactional_drain",
        "transactional_done",
        "leased_enqueue",
        "leased_drain",
        "leased_done",
        "transactional_drain_held_open",
        "leased_drain_held_open",
        "latency_median",
        "latency_p99",
    ];
    assert_eq!(names(&document, "measures"), measured);
    let compared =
        ["transactional_drain_held_open / transactional_drain", "leased_drain_held_open / leased_drain"];
    assert_eq!(names(&document, "ratios"), compared);
    for ratio in document["ratios"].as_array().unwrap() {
        let met = ratio["value"].as_f64().unwrap() >= ratio["budget"].as_f64().unwrap();
        assert_eq!(ratio["met"], met, "{ratio}");
    }
    let absent = json!([
        { "name": "graphile-worker", "version": null },
        { "name": "pgmq", "version": null },
    ]);
    assert_eq!(document["peers"], absent);
    assert!(!server.has_scratch());
}

#[test]
fn a_peer_that_is_named_must_exist() {
    let server = server();
    for line in
        ["handoff --graphile-worker nowhere", "handoff --pgmq-sql nowhere.sql", "scrape --scrapy ./nowhere"]
    {
        let (exit, document) = server.bench(line);
        assert_eq!(exit, 2, "{document}");
        assert_eq!(document["error"]["code"], "peer_not_found", "{document}");
        assert!(document["error"]["hint"].is_string(), "{document}");
    }
}
