//! `forebay-bench persist`.

use crate::server::{assert_form, command, json, names, server, values};

#[test]
fn every_path_is_compared_with_the_raw_copy() {
    let server = server();
    let (exit, document) = server.bench("persist --rows 3000");
    assert_eq!(exit, 0, "{document}");
    assert_form(&document, "persist");
    assert_eq!(values(&document)["records"].to_string(), "3000");
    let compared = [
        "first_load / raw_copy",
        "replay / raw_copy",
        "change_1_percent / raw_copy",
        "replay_wal / 1 byte a record",
        "peak_memory / 128 MiB",
    ];
    let found = names(&document, "ratios");
    assert_eq!(found, compared[..found.len()], "{document}");
    assert!(found.len() >= 4, "{document}");
    assert!(document["peers"].as_array().unwrap().is_empty());
    assert!(!server.has_scratch());
}

#[test]
fn an_unreachable_database_is_an_error_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&folder, "persist --database-url postgresql://me:hunter2@127.0.0.1:1/none");
    let (exit, document) = json(&mut command);
    assert_eq!(exit, 4, "{document}");
    assert!(document["error"]["message"].is_string() && document["error"]["place"].is_null(), "{document}");
    assert!(!document.to_string().contains("hunter2"), "{document}");
}
