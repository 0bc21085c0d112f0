//! The benchmarks from outside: what they print, and that they leave nothing behind. Counts are asserted, but no figure,
//! because machines differ.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use crate::{Sandbox, database::database};

/// One benchmark at a time can use a server.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn values(document: &Value) -> BTreeMap<&str, f64> {
    let measures = document["measures"].as_array().unwrap().iter();
    measures.map(|of| (of["name"].as_str().unwrap(), of["value"].as_f64().unwrap())).collect()
}

fn names<'a>(document: &'a Value, list: &str) -> Vec<&'a str> {
    document[list].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap()).collect()
}

#[test]
fn handoff_measures_what_is_here_and_says_what_is_absent() {
    let _turn = turn();
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
    for line in
        ["handoff --graphile-worker nowhere", "handoff --pgmq-sql nowhere.sql", "scrape --scrapy ./nowhere"]
    {
        let (exit, document) = db.json(&sandbox, &format!("bench {line}"));
        assert_eq!(exit, 2, "{document}");
        assert_eq!(document["error"]["code"], "peer_not_found", "{document}");
    }
}

#[test]
fn scraping_is_measured_without_its_peer_and_a_replay_writes_nothing() {
    let _turn = turn();
    let (db, sandbox) = (database(), Sandbox::new());
    let (exit, document) = db.json(&sandbox, "bench scrape --pages 60 --rounds 1");
    assert_eq!(exit, 0, "{document}");
    assert_eq!(document["bench"], "scrape");
    let found = values(&document);
    assert_eq!((found["pages"], found["records"]), (60.0, 58.0), "{document}");
    assert_eq!((found["num_not_modified"], found["rows_written"]), (60.0, 0.0), "{document}");
    for measured in ["fetch_extract", "scrape", "replay"] {
        assert!(found[measured] > 0.0, "{document}");
    }
    assert!(!found.contains_key("scrapy") && names(&document, "ratios").is_empty(), "{document}");
    assert_eq!(document["peers"], serde_json::json!([{ "name": "scrapy", "version": null }]));
    assert_eq!(db.value("select count(*) from pg_database where datname = 'forebay_bench'"), "0");
}

#[test]
fn however_many_ask_from_however_many_processes_there_is_one_scrape() {
    let _turn = turn();
    let (db, sandbox) = (database(), Sandbox::new());
    let (exit, document) = db.json(&sandbox, "bench ensure --callers 400 --processes 4");
    assert_eq!(exit, 0, "{document}");
    let found = values(&document);
    let once = (found["scrapes"], found["scrapes_aborted"], found["ledger_reads"]);
    assert_eq!(once, (1.0, 0.0, 1.0), "{document}");
    assert_eq!((found["callers_expected"], found["callers_succeeded"]), (400.0, 400.0), "{document}");
    let by = ["callers_by_scrape", "callers_by_ledger", "callers_by_memory"].map(|by| found[by]);
    assert_eq!((by.iter().sum::<f64>(), by[0] > 0.0), (400.0, true), "nothing stale was served: {document}");
    assert_eq!(names(&document, "ratios"), ["scrapes / 1", "memory / 1 µs", "ledger_reads / 1"]);
    assert_eq!(db.value("select count(*) from pg_database where datname = 'forebay_bench'"), "0");
}

#[test]
fn when_the_process_that_scrapes_is_killed_another_takes_over_once() {
    let _turn = turn();
    let (db, sandbox) = (database(), Sandbox::new());
    let (exit, document) = db.json(&sandbox, "bench ensure --callers 400 --processes 4 --kill --lease 2");
    assert_eq!(exit, 0, "{document}");
    let found = values(&document);
    let once = (found["processes_killed"], found["scrapes_aborted"], found["scrapes"]);
    assert_eq!(once, (1.0, 1.0, 1.0), "{document}");
    assert_eq!((found["callers_expected"], found["callers_succeeded"]), (300.0, 300.0), "{document}");
}
