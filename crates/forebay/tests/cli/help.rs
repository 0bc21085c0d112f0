//! Snapshots of every command's help.

use crate::Sandbox;

/// Every command with a help text. A test below finds missing ones.
pub(crate) const COMMANDS: &[&str] = &[
    "",
    "demo",
    "init",
    "persist",
    "adopt",
    "scrape",
    "ensure",
    "freshness",
    "work",
    "search",
    "show",
    "list",
    "changes",
    "history",
    "stats",
    "export",
    "serve",
    "runs",
    "runs list",
    "runs show",
    "runs logs",
    "runs release",
    "runs reject",
    "runs rekey",
    "runs diff",
    "runs revert",
    "handoffs",
    "handoffs list",
    "handoffs show",
    "handoffs counts",
    "handoffs deliveries",
    "handoffs enqueue",
    "handoffs retry",
    "handoffs cancel",
    "handoffs hold",
    "handoffs release",
    "handoffs snooze",
    "handoffs pause",
    "handoffs resume",
    "handoffs verify",
    "workers",
    "workers list",
    "workers release",
    "actions",
    "tokens",
    "tokens create",
    "tokens list",
    "tokens revoke",
    "pipelines",
    "pipelines list",
    "pipelines enable",
    "pipelines disable",
    "sources",
    "notify",
    "notify list",
    "notify test",
    "sources list",
    "sources show",
    "sources breaker",
    "sources breaker show",
    "sources breaker open",
    "sources breaker close",
    "sources breaker reset",
    "sources breaker disable",
    "sources test",
    "sources rename-field",
    "sources rename",
    "sources delete",
    "content",
    "content generate",
    "content sync",
    "content verify",
    "content restore",
    "content serve-stdio",
    "content brief",
    "content research",
    "content curriculum",
    "content curriculum check",
    "content curriculum approve",
    "content lesson",
    "content lessons",
    "content validate",
    "content voice",
    "content show",
    "content status",
    "content list",
    "content diff",
    "content tag",
    "content search",
    "content watch",
    "config",
    "config apply",
    "config check",
    "config schema",
    "db",
    "db up",
    "db down",
    "db status",
    "db reset",
    "db start",
    "db stop",
    "db url",
    "db psql",
    "db backup",
    "db restore",
    "db export",
    "db types",
    "db seed",
    "db profile",
    "db profile create",
    "db profile list",
    "db profile drop",
    "db entities",
    "db entities create",
    "db entities list",
    "db entities drop",
    "db entities schema",
    "db realtime",
    "db realtime list",
    "db realtime add",
    "db realtime remove",
    "maintain",
    "mcp",
    "doctor",
    "completions",
];

fn help(command: &str) -> String {
    let output = Sandbox::new().command(&format!("{command} --help")).output().unwrap();
    assert!(output.status.success(), "{command}");
    assert!(output.stderr.is_empty(), "{command}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_of_every_command() {
    for command in COMMANDS {
        let name = format!("help_{}", if command.is_empty() { "forebay" } else { command }.replace(' ', "_"));
        // The global options are the same everywhere; only the first snapshot shows them.
        let text = help(command);
        let own = if command.is_empty() { text } else { without_globals(&text) };
        insta::assert_snapshot!(name, own);
    }
}

/// Removes the section of the global options, which ends at the examples or the end.
fn without_globals(text: &str) -> String {
    let (head, tail) = text.split_once("Global options:").expect("global options are listed");
    let rest = tail.split_once("\n\n").into_iter().flat_map(|(_, rest)| rest.split("\n\n"));
    let paragraphs: Vec<_> = rest.filter(|paragraph| !is_option(paragraph)).collect();
    format!("{head}{}", paragraphs.join("\n\n"))
}

fn is_option(paragraph: &str) -> bool {
    paragraph.trim_start().starts_with('-') || paragraph.trim_start().starts_with("Possible values")
}

#[test]
fn every_command_has_a_snapshot_and_every_leaf_has_examples() {
    let mut open = vec![String::new()];
    let mut found = Vec::new();
    while let Some(command) = open.pop() {
        let text = help(&command);
        let commands = text.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
        let listed = commands.lines().take_while(|line| line.starts_with("  "));
        let names: Vec<_> = listed.filter_map(|line| line.split_whitespace().next()).collect();
        if names.is_empty() {
            assert!(text.contains("Examples:\n"), "`{command}` has no examples");
        }
        let children = names.into_iter().filter(|name| *name != "help");
        open.extend(children.map(|name| format!("{command} {name}").trim().to_owned()));
        found.push(command);
    }
    found.sort();
    let mut expected: Vec<_> = COMMANDS.iter().map(|command| (*command).to_owned()).collect();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn help_fits_the_width_it_promises_and_shows_no_secret() {
    for command in COMMANDS {
        let sandbox = Sandbox::new();
        let mut process = sandbox.command(&format!("{command} --help"));
        process
            .env("FOREBAY_DATABASE_URL", "postgres://me:hunter2@db/x")
            .env("FOREBAY_DATA_DIR", "/secret/place");
        let text = String::from_utf8(process.output().unwrap().stdout).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("/secret/place"), "{command}");
        let examples = text.find("Examples:").unwrap_or(text.len());
        assert!(text[..examples].lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}
