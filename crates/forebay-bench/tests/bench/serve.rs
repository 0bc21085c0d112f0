//! `forebay-bench serve`, for a few seconds. It needs the program `forebay`, which a run of all tests builds before.

use std::path::Path;

use crate::server::{assert_form, command, json, values};

#[test]
fn a_server_under_load_loses_nothing() {
    if !Path::new(env!("CARGO_BIN_EXE_forebay-bench")).with_file_name("forebay").is_file() {
        eprintln!("skipped: the program forebay isn't built");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(&folder, "serve --rows 500 --pairs 1 --followers 10 --rate 20 --seconds 8");
    let (exit, document) = json(&mut command);
    assert_eq!(exit, 0, "{document}");
    assert_form(&document, "serve");
    let found = values(&document);
    for done in ["reads", "reads_unavailable", "changes", "page_size", "memory_late"] {
        assert!(found[done] > 0.0, "{done}: {document}");
    }
    assert!((found["changes_followed"] - found["changes"] * 10.0).abs() < 0.5, "{document}");
}
