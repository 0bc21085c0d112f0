//! The help of every benchmark, and the options that all have.

use crate::server::{command, json, server};

#[test]
fn log_lines_are_off_by_default_and_go_to_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let server = server();
    let run = |filter: &str| {
        let line = format!("persist --rows 10 --output json {filter}");
        let output = command(&folder, &line).env("FOREBAY_DATABASE_URL", server.url()).output().unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&output.stdout).is_ok(), "{line}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(!run("").contains("INFO"));
    let log = run("--log-level info");
    assert!(log.contains("INFO") && log.contains("run ended"), "{log}");
    let refused = command(&folder, "persist --log-level forebay=loud").output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}

#[test]
fn the_server_is_chosen_by_the_rule_of_forebay() {
    let folder = tempfile::tempdir().unwrap();
    let server = server();
    let run = |variables: &[(&str, &str)]| {
        json(command(&folder, "persist --rows 10").envs(variables.iter().copied()))
    };
    let url = server.url();
    let (exit, document) =
        run(&[("SUPABASE_DB_URL", &url), ("DATABASE_URL", "postgresql://u@127.0.0.1:1/d")]);
    assert_eq!(exit, 0, "{document}");
    let (exit, document) = run(&[("SUPABASE_URL", "https://abc.supabase.co"), ("SUPABASE_KEY", "hunter2")]);
    assert_eq!((exit, &document["error"]["code"]), (2, &"supabase_password_missing".into()));
    assert!(!document.to_string().contains("hunter2"), "{document}");
}

#[test]
fn every_benchmark_has_examples_and_hides_its_parts_and_secrets() {
    let folder = tempfile::tempdir().unwrap();
    for bench in ["", "persist", "handoff", "scrape", "ensure", "serve", "chaos"] {
        let mut command = command(&folder, &format!("{bench} --help"));
        command.env("FOREBAY_DATABASE_URL", "postgres://me:hunter2@db/x");
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("Examples:\n"), "{bench}: {text}");
        assert!(!text.contains("hunter2") && !text.contains("worker  "), "{bench}: {text}");
        assert!(text.contains(&format!("forebay-bench {bench}")), "{text}");
    }
}
