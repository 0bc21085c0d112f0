//! The help of every benchmark.

use crate::server::command;

#[test]
fn every_benchmark_has_examples_and_hides_its_parts_and_secrets() {
    let folder = tempfile::tempdir().unwrap();
    for bench in ["", "persist", "handoff", "scrape", "ensure", "chaos"] {
        let mut command = command(&folder, &format!("{bench} --help"));
        command.env("FOREBAY_DATABASE_URL", "postgres://me:hunter2@db/x");
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("Examples:\n"), "{bench}: {text}");
        assert!(!text.contains("hunter2") && !text.contains("worker  "), "{bench}: {text}");
        assert!(text.contains(&format!("forebay-bench {bench}")), "{text}");
    }
}
