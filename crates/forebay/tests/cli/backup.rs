//! Backup and restore, and the private Postgres for other programs.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

fn persist(db: &TestDb, sandbox: &Sandbox, title: &str) {
    let records = (0..50).map(|n| json!({ "id": n, "title": format!("{title} {n}"), "price": 1.50 }));
    let file = write_records(sandbox, "courses.jsonl", records);
    assert_eq!(db.json(sandbox, &format!("persist {file} --source courses --key id --guards off")).0, 0);
}

#[test]
fn a_backup_is_restored_into_another_database() {
    let (sandbox, db) = (Sandbox::new(), database());
    persist(&db, &sandbox, "first");
    let (_, read) = db.json(&sandbox, "changes --limit 1000");
    let cursor = read["next"].as_str().unwrap();
    persist(&db, &sandbox, "second");
    let before = db.digests();
    let (exit, backup) = db.json(&sandbox, "db backup all.dump");
    assert_eq!(exit, 0, "{backup}");
    let file = fs::metadata(sandbox.path().join("all.dump")).unwrap();
    assert_eq!((backup["num_bytes"].as_u64(), file.permissions().mode() & 0o777), (Some(file.len()), 0o600));
    let (exit, again) = db.json(&sandbox, "db backup all.dump");
    assert_eq!((exit, &again["error"]["code"]), (2, &json!("file_exists")));

    let other = database();
    let (exit, restored) = other.json(&sandbox, "db restore all.dump");
    assert_eq!((exit, &restored["num_active"]), (0, &json!(50)), "{restored}");
    assert_eq!(other.digests(), before);
    let (_, doctor) = other.json(&sandbox, "doctor --deep");
    let failed: Vec<&Value> =
        doctor["checks"].as_array().unwrap().iter().filter(|c| c["status"] == "failed").collect();
    assert_eq!(failed, [] as [&Value; 0]);
    // It works on: the same records are unchanged.
    persist(&other, &sandbox, "second");
    assert_eq!(other.json(&sandbox, "runs show latest").1["run"]["num_unchanged"], 50);
    // A reader continues where it was when the backup was made.
    let (exit, rest) = other.json(&sandbox, &format!("changes --since {cursor} --limit 1000"));
    let rest = rest["items"].as_array().unwrap();
    assert_eq!((exit, rest.len()), (0, 50));
    assert!(rest.iter().all(|one| one["change"] == "updated"), "{rest:?}");
}

#[test]
fn a_restore_over_data_needs_a_yes_and_a_damaged_backup_changes_nothing() {
    let (sandbox, db) = (Sandbox::new(), database());
    persist(&db, &sandbox, "first");
    assert_eq!(db.json(&sandbox, "db backup all.dump").0, 0);
    persist(&db, &sandbox, "second");
    let before = db.digests();
    let (exit, refused) = db.json(&sandbox, "db restore all.dump");
    assert_eq!((exit, &refused["error"]["code"]), (2, &json!("confirmation_needed")), "{refused}");
    let whole = fs::read(sandbox.path().join("all.dump")).unwrap();
    fs::write(sandbox.path().join("cut.dump"), &whole[..whole.len() / 2]).unwrap();
    fs::write(sandbox.path().join("no.dump"), "no backup").unwrap();
    for file in ["cut.dump", "no.dump"] {
        let (exit, error) = db.json(&sandbox, &format!("db restore {file} --yes"));
        assert_eq!((exit, &error["error"]["code"]), (1, &json!("tool_failed")), "{error}");
        assert_eq!(db.digests(), before, "{file}");
    }
    assert_eq!(db.json(&sandbox, "db restore missing.dump --yes").0, 2);
    assert_eq!(db.json(&sandbox, "db restore all.dump --yes").0, 0);
    assert_eq!(db.json(&sandbox, "show courses/7").1["payload"]["title"], "first 7");
}

#[test]
fn psql_and_the_url_reach_the_same_database() {
    let (sandbox, db) = (Sandbox::new(), database());
    let name = db.value("current_database()");
    let output = db.run(&sandbox, "db psql -- -XAtc select+current_database()");
    assert_eq!(output.status.code(), Some(1), "an error of psql is one of the command");
    let mut command = sandbox.command("db psql -- -XAtc");
    let output =
        command.arg("select current_database()").env("FOREBAY_DATABASE_URL", &db.url).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), name);
    let (exit, url) = db.json(&sandbox, "db url");
    assert_eq!((exit, &url["is_kept"]), (0, &json!(true)));
    let url = url["url"].as_str().unwrap();
    assert!(url.contains(&name), "{url}");
    let output = std::process::Command::new("psql").args([url, "-XAtc", "select 1"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "1");
    let secret = "postgres://me:hunter2@127.0.0.1:1/x";
    let output = sandbox.command("db url").env("FOREBAY_DATABASE_URL", secret).output().unwrap();
    assert!(!crate::shown(&output).contains("hunter2"));
}

#[test]
fn a_started_private_postgres_runs_until_it_is_stopped() {
    // Short, because the path of a socket is limited, and accessible to the user that root's server runs as.
    let folder = tempfile::Builder::new().prefix("forebay-cli-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let sandbox = Sandbox::new();
    let run = |line: &str| {
        let mut command = sandbox.command(&format!("{line} --output json"));
        command.env("FOREBAY_DATA_DIR", folder.path().join("data")).env("PATH", "/usr/bin:/bin");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", crate::shown(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let is_running = |url: &str| {
        let output = std::process::Command::new("psql").args([url, "-XAtc", "select 1"]).output().unwrap();
        output.status.success()
    };
    let alone = run("db url");
    assert_eq!(alone["is_kept"], false);
    let url = alone["url"].as_str().unwrap().to_owned();
    assert!(!is_running(&url), "it stops with the last process");
    let started = run("db start");
    assert_eq!((&started["is_kept"], started["url"].as_str()), (&json!(true), Some(url.as_str())));
    assert!(is_running(&url));
    run("stats");
    assert!(is_running(&url), "other commands leave it running");
    assert_eq!(run("db stop")["is_stopped"], true);
    assert!(!is_running(&url));
    run("stats");
    assert!(!is_running(&url), "it is as it was before");
}
