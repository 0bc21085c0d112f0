//! Runs every command once, with a site and a database, and validates its output against its schema.

use std::collections::BTreeSet;

use forebay_views::{ErrorDocument, schema};
use serde_json::{Value, json};

use super::{Form, PRINTED, schema::problems};
use crate::{content::write_course, database::write_records, help, site::World};

/// The lines to run, in this order, with their exit codes. Run ids follow from the order.
const LINES: &[(i32, &str)] = &[
    (0, "init --config other.toml"),
    (0, "config check"),
    (0, "db up"),
    (0, "db status"),
    (0, "db url"),
    (0, "db start"),
    (0, "db backup scenario.dump"),
    (0, "db restore scenario.dump --yes"),
    (0, "db export --supabase exported/migrations --seed"),
    (0, "db types typescript"),
    (0, "db types json-schema --file types.json"),
    (0, "db profile create freshness --schema app"),
    (0, "db profile list"),
    (0, "db profile drop freshness --schema app"),
    (0, "db entities create --schema app"),
    (0, "db entities list"),
    (0, "db entities drop course --schema app"),
    (0, "db realtime add references"),
    (0, "db realtime list"),
    (0, "db realtime remove references"),
    (0, "config apply --prune --dry-run"),
    (0, "completions fish"),
    (0, "db stop"),
    (0, "sources test courses"),
    (0, "scrape"),
    (0, "ensure course"),
    (0, "freshness"),
    (0, "freshness --stale"),
    (0, "runs logs 1"),
    (0, "persist all.jsonl --source rooms --key id --complete"),
    (3, "persist few.jsonl --source rooms --key id --complete"),
    (0, "runs show 3"),
    (0, "runs diff 3 --limit 2"),
    (0, "runs reject 3"),
    (3, "persist few.jsonl --source rooms --key id --complete"),
    (0, "runs release 4"),
    (6, "persist torn.jsonl --source torn --key id"),
    (0, "runs show 5"),
    (0, "persist old.jsonl --source keys --key id --complete"),
    (3, "persist new.jsonl --source keys --key id --complete"),
    (0, "runs rekey 7"),
    (0, "runs revert 4"),
    (0, "runs list"),
    (0, "handoffs counts"),
    (0, "handoffs hold --source rooms"),
    (0, "handoffs release --source rooms"),
    (0, "handoffs snooze --source rooms --not-before 2h"),
    (0, "handoffs cancel --source rooms --limit 1"),
    (0, "handoffs retry --source rooms --state cancelled"),
    (0, "handoffs enqueue rooms/R-001 --pipeline documents"),
    (0, "handoffs pause documents --for 2h"),
    (0, "handoffs counts"),
    (0, "handoffs resume documents"),
    (0, "handoffs list --limit 3"),
    (0, "handoffs show rooms/R-001"),
    (0, "handoffs verify"),
    (0, "handoffs deliveries"),
    (0, "maintain"),
    (0, "maintain --dry-run"),
    (0, "workers list"),
    (0, "pipelines disable documents"),
    (0, "pipelines enable documents"),
    (0, "pipelines list"),
    (0, "notify test ops"),
    (0, "notify list --all"),
    (0, "tokens create --role viewer --name grafana --expires 90d"),
    (0, "tokens list"),
    (0, "tokens revoke grafana"),
    (0, "actions"),
    (0, "sources list"),
    (0, "sources show courses"),
    (0, "sources show rooms"),
    (0, "sources breaker open courses"),
    (5, "scrape"),
    (0, "sources breaker close courses"),
    (0, "sources breaker disable courses"),
    (0, "sources breaker reset courses"),
    (0, "sources breaker show"),
    (0, "search logic"),
    (0, "show rooms/R-001"),
    (0, "list --source rooms"),
    (0, "changes"),
    (0, "history rooms/R-001"),
    (0, "history rooms/R-001 --at 2100-01-01"),
    (0, "content brief rust-basics"),
    (0, "content research rust-basics"),
    (0, "content curriculum check rust-basics"),
    (0, "content curriculum approve rust-basics --by Ada"),
    (0, "content lesson rust-basics lessons/1.1-borrowing.md"),
    (0, "content lessons rust-basics"),
    (1, "content lessons rust-basics --from torn.jsonl"),
    (1, "content validate rust-basics"),
    (0, "content voice rust-basics --score 0.93"),
    (0, "content status rust-basics published"),
    (0, "content show rust-basics"),
    (0, "content sync rust-basics"),
    (0, "content sync rust-basics --dry-run"),
    (0, "content verify rust-basics"),
    (0, "content restore rust-basics copy"),
    (0, "content list"),
    (0, "content tag rust-basics v1"),
    (0, "content diff rust-basics 2019-01-01 --text"),
    (0, "content search borrowing"),
    (0, "sources rename-field torn id ID"),
    (0, "sources delete torn --yes"),
    (0, "stats"),
    (0, "doctor"),
    (0, "db down --yes"),
    (0, "db reset --yes"),
    (2, "ensure professor"),
    (0, "adopt public.own --as own"),
    (0, "db seed --yes"),
];

/// Lines that fail, each of which prints an error document.
const FAILING: &[&str] = &[
    "runs show 77",
    "persist none.jsonl --source rooms --key id",
    "history nowhere/1",
    "stats --source nowhere",
    "config check --config none.toml",
    "no-such-command",
];

/// Each line of the output of these commands is validated separately. The second one fails.
const WORK: [(i32, &str); 2] = [(0, "work --drain"), (2, "work --drain --pipeline nowhere")];

/// Commands that have a test of their own, which validates their output too.
const ELSEWHERE: &[&str] =
    &["demo", "sources rename", "content generate", "content watch", "workers release"];

/// A receiver of notifications that accepts everything.
const NOTIFY: &str = "[notify.ops]\nkind = \"command\"\ncommand = [\"/bin/true\"]\n";

/// The disagreements between the output of a line and its schema.
pub(crate) fn schema_problems(line: &str, document: &Value) -> Vec<String> {
    let schema = schema_of(line).unwrap_or_else(|| panic!("{line} has no schema"));
    problems(document, &schema).into_iter().map(|problem| format!("{line}: {problem}")).collect()
}

/// The schema of a line's output: that of its command, or the one for `--at` if given.
fn schema_of(line: &str) -> Option<Value> {
    let of_command = |command: &str| line == command || line.starts_with(&format!("{command} "));
    let entries = PRINTED.iter().filter(|printed| of_command(printed.command));
    let longest = entries.clone().map(|printed| printed.command.len()).max()?;
    let has_at = line.contains(" --at ");
    let entry = entries
        .filter(|printed| printed.command.len() == longest)
        .find(|printed| printed.when.contains("--at") == has_at)?;
    match &entry.form {
        Form::View(schema) | Form::Lines(schema) => Some(schema()),
        Form::Other(_) => None,
    }
}

#[test]
fn every_command_prints_what_its_schema_says() {
    let world = World::new();
    let text = std::fs::read_to_string(world.sandbox.path().join("forebay.toml")).unwrap();
    world.write(&format!("{text}\n[entities.course]\npreset = \"course\"\n{NOTIFY}"));
    let room = |number: usize| json!({ "id": format!("R-{number:03}"), "seats": number });
    write_records(&world.sandbox, "all.jsonl", (0..40).map(room));
    write_records(&world.sandbox, "few.jsonl", (0..5).map(room));
    std::fs::write(world.sandbox.path().join("torn.jsonl"), "{\"id\": \"1\"}\n{\"id\": \n{\"id\": \"3\"}\n")
        .unwrap();
    let keyed = |prefix: &'static str| move |number: usize| json!({ "id": format!("{prefix}{number:03}"), "title": format!("Title {number}") });
    write_records(&world.sandbox, "old.jsonl", (0..40).map(keyed("old-")));
    write_records(&world.sandbox, "new.jsonl", (0..40).map(keyed("")));
    write_course(world.sandbox.path(), "rust-basics");
    world.db.execute("create table public.own (id int primary key, x json); insert into public.own values (1, '[]'), (2, '{}')");
    world.db.execute("create publication supabase_realtime");
    let mut found = Vec::new();
    for (expected, line) in LINES {
        let (exit, document) = world.json(line);
        if exit != *expected {
            found.push(format!("{line}: exit code {exit}: {document}"));
        }
        found.extend(schema_problems(line, &document));
    }
    for (expected, line) in WORK {
        let output = world.db.run(&world.sandbox, &format!("{line} --output json"));
        if output.status.code() != Some(expected) {
            found.push(format!("{line}: {}", output.status));
        }
        let text = String::from_utf8(output.stdout).unwrap();
        let events: Vec<Value> = text.lines().map(|event| serde_json::from_str(event).unwrap()).collect();
        for event in &events {
            found.extend(
                schema_problems(line, event).into_iter().map(|problem| format!("{problem}: {event}")),
            );
        }
        let last = events.last().unwrap_or_else(|| panic!("{line} prints nothing"));
        assert_eq!(last["event"], if expected == 0 { "report" } else { "error" }, "{line}");
    }
    for line in FAILING {
        let (_, document) = world.json(line);
        let schema = schema::<ErrorDocument>().to_value();
        found.extend(problems(&document, &schema).into_iter().map(|problem| format!("{line}: {problem}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_command_has_an_entry() {
    let is_group = |command: &str| {
        command.is_empty() || help::COMMANDS.iter().any(|other| other.starts_with(&format!("{command} ")))
    };
    let commands: BTreeSet<&str> =
        help::COMMANDS.iter().copied().filter(|command| !is_group(command)).collect();
    let entries: BTreeSet<&str> = PRINTED.iter().map(|printed| printed.command).collect();
    assert_eq!(entries, commands);
    let is_run = |command: &str| {
        LINES.iter().any(|(_, line)| *line == command || line.starts_with(&format!("{command} ")))
    };
    let not_run: Vec<&str> = PRINTED
        .iter()
        .filter(|printed| matches!(printed.form, Form::View(_)) && !is_run(printed.command))
        .filter(|printed| !ELSEWHERE.contains(&printed.command))
        .map(|printed| printed.command)
        .collect();
    assert_eq!(not_run, [""; 0], "no line of the test runs these commands");
}
