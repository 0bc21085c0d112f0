//! `forebay-bench ensure`.
//!
//! Leases are long, because on a loaded machine a live process may be silent for seconds and would count as dead.

use crate::server::{assert_form, names, server, values};

#[test]
fn callers_in_several_processes_cause_one_scrape() {
    let server = server();
    let (exit, document) = server.bench("ensure --callers 400 --processes 4 --lease 300");
    assert_eq!(exit, 0, "{document}");
    assert_form(&document, "ensure");
    let found = values(&document);
    let once = (found["scrapes"], found["scrapes_aborted"], found["ledger_reads"]);
    assert_eq!(once, (1.0, 0.0, 1.0), "{document}");
    assert_eq!((found["callers_expected"], found["callers_succeeded"]), (400.0, 400.0), "{document}");
    let by = ["callers_by_scrape", "callers_by_ledger", "callers_by_memory"].map(|by| found[by]);
    assert_eq!((by.iter().sum::<f64>(), by[0] > 0.0), (400.0, true), "nothing stale was served: {document}");
    assert_eq!(names(&document, "ratios"), ["scrapes / 1", "memory / 1 µs", "ledger_reads / 1"]);
    assert!(!server.has_scratch());
}

#[test]
fn another_process_takes_over_once_when_the_scraping_one_is_killed() {
    let server = server();
    let (exit, document) = server.bench("ensure --callers 400 --processes 4 --kill --lease 30");
    assert_eq!(exit, 0, "{document}");
    let found = values(&document);
    let once = (found["processes_killed"], found["scrapes_aborted"], found["scrapes"]);
    assert_eq!(once, (1.0, 1.0, 1.0), "{document}");
    assert_eq!((found["callers_expected"], found["callers_succeeded"]), (300.0, 300.0), "{document}");
}

#[test]
fn a_kill_needs_a_process_that_takes_over() {
    let (exit, document) = server().bench("ensure --processes 1 --kill");
    assert_eq!(exit, 2, "{document}");
    assert_eq!(document["error"]["code"], "no_process_left", "{document}");
}
