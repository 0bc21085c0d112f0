//! Several projects on one database: none disables or changes what another declared, unless it is told to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

const FIRST: &str = "\
[project]
name = \"catalogue\"

[sources.courses]
key = \"id\"
entity = \"course\"
schedule = \"every 6h\"
[sources.courses.html]
url = \"https://catalogue.invalid/\"
fields = { id = \"@id\" }

[sources.rooms]
key = \"id\"
ignore = [\"seen_at\"]

[pipelines.hook]
source = \"courses\"
handler = \"external\"

[pipelines.documents]
source = \"*\"
handler = \"documents\"
language = \"english\"
";

const SECOND: &str = "\
[project]
name = \"events\"

[sources.events]
key = \"id\"
[pipelines.calendar]
source = \"events\"
handler = \"external\"
";

/// All declarations, with the time of their last change.
const DECLARED: &str = "select name, project, enabled::text, handler, updated_at::text from forebay.pipelines \
     union all select name, project, enabled::text, kind, updated_at::text from forebay.sources \
     union all select scope, project, enabled::text, expression, updated_at::text from forebay.source_schedules \
     order by 1, 4";

fn project(text: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.configure(text);
    sandbox
}

fn stderr(output: &Output) -> String {
    assert!(output.status.success(), "{}", crate::shown(output));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn apply(db: &TestDb, sandbox: &Sandbox, options: &str) -> Value {
    let (exit, applied) = db.json(sandbox, &format!("config apply {options}"));
    assert_eq!(exit, 0, "{applied}");
    applied
}

#[test]
fn another_folder_disables_nothing() {
    let db = database();
    let (first, second) = (project(FIRST), project(SECOND));
    let applied = apply(&db, &first, "");
    assert_eq!(applied["changed_pipelines"], json!(["documents", "hook"]));
    assert_eq!(
        (&applied["changed_sources"], &applied["changed_schedules"]),
        (&json!(["courses"]), &json!(["courses"]))
    );
    let before = db.rows(DECLARED);
    assert!(before.iter().all(|row| row[1] == "catalogue"), "{before:?}");

    write_records(&second, "events.jsonl", [json!({ "id": 1 })]);
    for line in ["persist events.jsonl --source events", "work --drain --no-schedules", "work --drain"] {
        let warnings = stderr(&db.run(&second, line));
        assert!(!warnings.contains("warning"), "{line}: {warnings}");
    }
    let pruned = apply(&db, &second, "--prune --yes");
    assert_eq!((&pruned["disabled_pipelines"], &pruned["released_sources"]), (&json!([]), &json!([])));
    let after: Vec<_> = db.rows(DECLARED).into_iter().filter(|row| row[1] == "catalogue").collect();
    assert_eq!(after, before);
    assert_eq!(db.value("select project from forebay.sources where name = 'events'"), "events");
}

#[test]
fn pruning_disables_what_the_project_no_longer_names_after_asking() {
    let db = database();
    let (first, second) = (project(FIRST), project(SECOND));
    apply(&db, &first, "");
    apply(&db, &second, "");
    write_records(&first, "rooms.jsonl", [json!({ "id": 1 })]);
    stderr(&db.run(&first, "persist rooms.jsonl --source rooms"));
    first.configure("[project]\nname = \"catalogue\"\n[sources.rooms]\nkey = \"id\"\n");
    let before = db.rows(DECLARED);

    let (exit, refused) = db.json(&first, "config apply --prune");
    assert_eq!((exit, &refused["error"]["code"]), (2, &json!("confirmation_needed")));
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("hook") && message.contains("courses") && !message.contains("calendar"),
        "{message}"
    );
    let planned = apply(&db, &first, "--prune --dry-run");
    assert_eq!(db.rows(DECLARED), before, "a dry run writes nothing");
    let mut pruned = apply(&db, &first, "--prune --yes");
    assert_eq!(pruned["disabled_pipelines"], json!(["hook"]));
    assert_eq!(pruned["released_sources"], json!(["courses"]));
    assert_eq!(
        pruned["changed_pipelines"],
        json!(["documents"]),
        "the built-in pipeline has its defaults again"
    );
    assert_eq!(db.value("select config from forebay.pipelines where name = 'documents' and enabled"), "{}");
    pruned["is_dry_run"] = json!(true);
    pruned["num_handoffs"] = Value::Null;
    assert_eq!(planned, pruned);
    assert_eq!(db.value("select count(*) from forebay.source_schedules"), "0");
    let enabled = "select string_agg(name, ',' order by name) from forebay.pipelines where enabled";
    assert_eq!(db.value(enabled), "calendar,documents");
    let (_, text) = db.text(&first, "config apply --prune");
    assert_eq!(text, "project catalogue: up to date\n");
}

#[test]
fn the_same_name_in_two_projects_is_told_and_the_first_keeps_it() {
    let db = database();
    let first = project(FIRST);
    apply(&db, &first, "");
    write_records(&first, "rooms.jsonl", [json!({ "id": 1, "seen_at": 1 })]);
    stderr(&db.run(&first, "persist rooms.jsonl --source rooms"));
    let before = db.rows(DECLARED);
    // An equal declaration is no conflict.
    let copy = project(&FIRST.replace("catalogue\"", "copy\""));
    let warnings = stderr(&db.run(&copy, "work --drain --no-schedules"));
    assert!(!warnings.contains("warning"), "{warnings}");
    let changed = FIRST
        .replace("\"catalogue\"", "\"rival\"")
        .replace("source = \"courses\"", "source = \"*\"")
        .replace("https://catalogue.invalid/", "https://rival.invalid/")
        .replace("seen_at", "title");
    let rival = project(&changed);
    write_records(&rival, "rooms.jsonl", [json!({ "id": 1, "seen_at": 2 })]);
    for (line, names) in [
        ("persist rooms.jsonl --source rooms", &["source \"rooms\"", "pipeline \"hook\""][..]),
        ("work --drain", &["source \"courses\"", "pipeline \"hook\""]),
        ("config apply --prune --yes", &["source \"courses\"", "pipeline \"hook\""]),
    ] {
        let warnings = stderr(&db.run(&rival, line));
        for name in names {
            let warned = warnings.lines().any(|line| {
                ["warning:", name, "\"catalogue\"", "\"rival\"", "declared_elsewhere"]
                    .into_iter()
                    .all(|part| line.contains(part))
            });
            assert!(warned, "{line}: {name} is not in\n{warnings}");
        }
    }
    assert_eq!(db.rows(DECLARED), before);
    assert_eq!(db.value("select sum(version) from forebay.\"references\""), "1", "seen_at is still ignored");
    let (exit, error) = db.json(&rival, "scrape courses");
    assert_eq!(exit, 2, "{error}");
    assert!(error.to_string().contains("declared_elsewhere"), "{error}");
    assert_eq!(db.value("select count(*) from forebay.scrape_runs as r join forebay.sources using (source_id) where name = 'courses'"), "0");

    let taken = apply(&db, &rival, "--take-over");
    assert_eq!(taken["changed_pipelines"], json!(["documents", "hook"]));
    assert_eq!(taken["changed_sources"], json!(["courses", "rooms"]));
    assert_eq!(taken["pipelines_elsewhere"], json!([]));
    let owners = "select string_agg(distinct project, ',') from (select project from forebay.pipelines \
         union all select project from forebay.sources union all select project from forebay.source_schedules) as all_of_them";
    assert_eq!(db.value(owners), "rival");
    let warnings = stderr(&db.run(&first, "work --drain"));
    assert!(warnings.contains("\"rival\""), "{warnings}");
}

#[test]
fn the_key_of_the_first_project_counts() {
    let db = database();
    let (first, rival) = (project(FIRST), Sandbox::new());
    let rooms = [json!({ "id": 1, "code": "A" }), json!({ "id": 2, "code": "B" })];
    write_records(&first, "rooms.jsonl", rooms.clone());
    stderr(&db.run(&first, "persist rooms.jsonl --source rooms"));
    let changed = FIRST.replace("\"catalogue\"", "\"rival\"");
    rival.configure(&changed.replace("key = \"id\"\nignore", "key = \"code\"\nignore"));
    write_records(&rival, "rooms.jsonl", rooms);
    let warnings = stderr(&db.run(&rival, "persist rooms.jsonl --source rooms"));
    assert!(warnings.contains("\"catalogue\"") && warnings.contains("declared_elsewhere"), "{warnings}");
    let keys = "select string_agg(record_key, ',' order by record_key) from forebay.\"references\"";
    assert_eq!(db.value(keys), "1,2");

    // In its own project, another key is an error, whose remedy may be the option or the file.
    first.configure(&FIRST.replace("key = \"id\"\nignore", "key = \"code\"\nignore"));
    let (exit, error) = db.json(&first, "persist rooms.jsonl --source rooms");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("key_changed")));
    let hint = error["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("use --key id, and") && hint.contains("[sources.rooms]"), "{hint}");

    let notes = stderr(&db.run(&rival, "config apply --take-over"));
    assert!(notes.contains("the settings of rooms stay those of the former project"), "{notes}");
    assert_eq!(db.json(&rival, "persist rooms.jsonl --source rooms").1["error"]["code"], "key_changed");
}

#[test]
fn a_project_without_a_name_has_that_of_its_folder() {
    let db = database();
    let outer = Sandbox::new();
    let folder = outer.path().join("catalogue");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("forebay.toml"), FIRST.split_once("\n\n").unwrap().1).unwrap();
    for line in [
        "--config catalogue/forebay.toml config apply",
        "--config ./catalogue/../catalogue/forebay.toml config check",
    ] {
        let (exit, shown) = db.json(&outer, line);
        assert_eq!((exit, &shown["project"]), (0, &json!("catalogue")), "{shown}");
    }
    assert_eq!(db.value("select project from forebay.pipelines where name = 'hook'"), "catalogue");
}

/// Runs the program with these variables and without a database URL of its own.
fn run_with(folder: &Path, sandbox: &Sandbox, line: &str, variables: &[(&str, &str)]) -> (i32, Value) {
    let mut command = sandbox.command(&format!("{line} --output json"));
    command.current_dir(folder).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let document =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", crate::shown(&output)));
    (output.status.code().unwrap(), document)
}

#[test]
fn a_file_names_its_database() {
    let (own, shared) = (database(), database());
    let sandbox = project("[database]\nurl = { env = \"COURSES_DB\" }\n");
    let folder: PathBuf = sandbox.path().to_owned();
    write_records(&sandbox, "rooms.jsonl", [json!({ "id": 1 })]);
    let variables = [("COURSES_DB", own.url.as_str()), ("DATABASE_URL", shared.url.as_str())];
    let (exit, report) =
        run_with(&folder, &sandbox, "persist rooms.jsonl --source rooms --key id", &variables);
    assert_eq!(exit, 0, "{report}");
    let count = "select count(*) from forebay.scrape_runs";
    assert_eq!((own.value(count), shared.value(count)), ("1".to_owned(), "0".to_owned()));
    let (_, status) = run_with(&folder, &sandbox, "db status", &variables);
    assert_eq!(status["database"]["configured_by"], "[database] in forebay.toml");
    // A program that `persist` runs doesn't get the variable.
    let mut command = sandbox.command("persist --source seen --key id -- sh -c");
    command.arg("echo \"{\\\"id\\\": \\\"<$COURSES_DB>\\\"}\"").envs(variables).env("PATH", "/usr/bin:/bin");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", crate::shown(&output));
    assert_eq!(own.value("select record_key from forebay.\"references\" where record_key like '<%'"), "<>");
    // Our own variable wins; a variable that isn't set never leads to another database.
    let (_, status) = run_with(&folder, &sandbox, "db status", &[("FOREBAY_DATABASE_URL", &shared.url)]);
    assert_eq!(status["database"]["configured_by"], "FOREBAY_DATABASE_URL");
    let (exit, error) = run_with(&folder, &sandbox, "db status", &[("DATABASE_URL", &shared.url)]);
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("database_variable_missing")), "{error}");
    assert!(error["error"]["message"].as_str().unwrap().contains("COURSES_DB"), "{error}");
    // A mistake elsewhere in the file keeps nobody from the database.
    sandbox.configure("[database]\nurl = { env = \"COURSES_DB\" }\n[sources.a]\nkye = 1\n");
    assert_eq!(run_with(&folder, &sandbox, "runs list", &variables).0, 0);

    for (text, part) in [
        ("url = \"postgres://me:hunter2@db.invalid/x\"", "2:1: url contains a password"),
        ("url = \"postgres://me@db.invalid/x?password=hunter2\"", "2:1: url contains a password"),
        ("url = \"mysql://db.invalid/x\"", "must begin with postgresql://"),
        ("url = { env = \"A\" }\ndata_dir = \"data\"", "3:1: a database has either url or data_dir"),
        ("data_dir = \"\"", "2:1: data_dir must not be empty"),
        ("urll = \"x\"", "did you mean `url`?"),
    ] {
        sandbox.configure(&format!("[database]\n{text}\n"));
        for line in ["config check", "db status"] {
            let (exit, error) = run_with(&folder, &sandbox, line, &[]);
            assert_eq!((exit, &error["error"]["code"]), (2, &json!("config_invalid")), "{error}");
            let all = error.to_string();
            assert!(all.contains(part) && !all.contains("hunter2"), "{line}: {all}");
        }
    }
    sandbox.configure("[database]\ndata_dir = \"data\"\n");
    let other = Sandbox::new();
    let config = folder.join("forebay.toml");
    let line = format!("--config {} db stop", config.display());
    let (exit, stopped) = run_with(other.path(), &other, &line, &[("DATABASE_URL", &shared.url)]);
    assert_eq!(exit, 0, "{stopped}");
    assert_eq!(stopped["data_dir"], folder.join("data").display().to_string());
}
