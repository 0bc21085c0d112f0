//! A few seconds of chaos. For a longer run, use `forebay-bench chaos --seconds 600`.

use crate::server::{assert_form, command, json, values};

#[test]
fn a_few_seconds_of_chaos_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&folder, "chaos --seconds 6 --changes 300 --workers 2 --outage 1");
    // Nothing listens there: the configured database must not be used.
    command.env("FOREBAY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none");
    let (exit, document) = json(&mut command);
    assert_eq!(exit, 0, "{document}");
    assert_form(&document, "chaos");
    let found = values(&document);
    for done in ["kills", "crashes", "outages", "cuts", "changes", "writes", "deliveries", "requests"] {
        assert!(found[done] > 0.0, "{done}: {document}");
    }
    let ratios = document["ratios"].as_array().unwrap();
    assert_eq!(ratios.len(), 12, "{document}");
    assert!(ratios.iter().all(|ratio| ratio["met"] == true), "{document}");
}
