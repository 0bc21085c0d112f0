//! The benchmark of the hand-off from outside: what it prints, and that it leaves nothing behind. No figure is
//! asserted, because machines differ.

use serde_json::Value;

use crate::{Sandbox, database::database};

fn names<'a>(document: &'a Value, list: &str) -> Vec<&'a str> {
    document[list].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect()
}

#[test]
fn handoff_measures_what_is_here_and_says_what_is_absent() {
    let (db, sandbox) = (database(), Sandbox::new());
    let (exit, document) = db.json(&sandbox, "bench handoff --handoffs 2000 --rounds 1");
    assert_eq!(exit, 0, "{document}");
    assert_eq!(document["bench"], "handoff");
    assert!(document["machine"].is_string());
    let measured = [
        "handoffs",
        "workers",
        "inside_enqueue",
        "inside_drain",
        "inside_done",
        "outside_enqueue",
        "outside_drain",
        "outside_done",
        "inside_drain_held_open",
        "outside_drain_held_open",
        "latency_median",
        "latency_p99",
    ];
    assert_eq!(names(&document, "measures"), measured);
    for measure in document["measures"].as_array().unwrap() {
        assert!(measure["value"].as_f64().unwrap() >= 0.0 && measure["unit"].is_string(), "{measure}");
    }
    let compared = ["inside_drain_held_open / inside_drain", "outside_drain_held_open / outside_drain"];
    assert_eq!(names(&document, "ratios"), compared);
    for ratio in document["ratios"].as_array().unwrap() {
        let met = ratio["value"].as_f64().unwrap() >= ratio["budget"].as_f64().unwrap();
        assert_eq!(ratio["met"], met, "{ratio}");
    }
    let absent = serde_json::json!([
        { "name": "graphile-worker", "version": null },
        { "name": "pgmq", "version": null },
    ]);
    assert_eq!(document["peers"], absent);
    assert_eq!(db.value("select count(*) from pg_database where datname = 'forebay_bench'"), "0");
}

#[test]
fn a_peer_that_is_named_must_be_there() {
    let (db, sandbox) = (database(), Sandbox::new());
    for option in ["--graphile-worker nowhere", "--pgmq-sql nowhere.sql"] {
        let (exit, document) = db.json(&sandbox, &format!("bench handoff {option}"));
        assert_eq!(exit, 2, "{document}");
        assert_eq!(document["error"]["code"], "peer_not_found", "{document}");
    }
}
