//! `forebay runs logs`: the logs of scrapes.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::site::World;

fn messages(document: &Value) -> Vec<&str> {
    document["items"].as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap()).collect()
}

#[test]
fn lines_are_shown_by_level_and_text() {
    let world = World::new();
    world.done("scrape --run-log-level debug");
    insta::assert_snapshot!("logs_human", world.text("runs logs 1"));
    let all = world.done("runs logs 1");
    assert_eq!((messages(&all).len(), all["next"].is_null()), (4, true));
    assert_eq!(all["items"][1]["metadata"]["num_records"], 2, "{all}");
    assert_eq!(messages(&world.done("runs logs 1 --level info")).len(), 2);
    assert_eq!(messages(&world.done("runs logs 1 --level warn")), [""; 0]);
    let found = world.done("runs logs 1 --grep /MORE --level debug");
    assert_eq!(messages(&found).len(), 1, "{found}");
    let some = world.done("runs logs 1 --limit 2");
    assert_eq!((messages(&some).len(), some["next"].is_null()), (2, false));
    let (exit, unknown) = world.json("runs logs 77");
    assert_eq!((exit, &unknown["error"]["code"]), (2, &json!("no_such_run")));
    // Following a finished run ends at its last line.
    assert_eq!(messages(&world.done("runs logs 1 --follow")).len(), 4);
}

#[test]
fn a_run_is_followed_to_its_end() {
    let world = World::new();
    world.site.hold(true);
    let start = |line: &str| {
        let mut command = world.sandbox.command(line);
        command.env("FOREBAY_DATABASE_URL", &world.db.url).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let scraping = start("scrape --run-log-level debug --output json");
    world.wait_for("select count(*) from forebay.scrape_runs where status = 'running'", "1");
    let following = start("runs logs 1 --follow");
    world.site.hold(false);
    let followed = following.wait_with_output().unwrap();
    let text = String::from_utf8(followed.stdout).unwrap();
    assert_eq!(followed.status.code(), Some(0), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].contains("run started: ") && lines[3].ends_with("ended as complete"), "{text}");
    assert!(scraping.wait_with_output().unwrap().status.success());
}
