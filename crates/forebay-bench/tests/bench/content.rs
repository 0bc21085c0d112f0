//! `forebay-bench content`.

use crate::server::{assert_form, command, json, names, values};

#[test]
fn generating_batches_and_syncs_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let (exit, document) = json(&mut command(&folder, "content --lessons 40 --pairs 1"));
    assert_eq!(exit, 0, "{document}");
    assert_form(&document, "content");
    assert_eq!(values(&document)["lessons"].to_string(), "40");
    let compared = ["generate_on / generate_off", "batch_of_20_run / 20 ms", "sync_again / read_and_hash"];
    assert_eq!(names(&document, "ratios"), compared, "{document}");
}
