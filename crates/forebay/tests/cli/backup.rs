//! Backup and restore, and the private Postgres for other programs.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
    thread,
    time::Instant,
};

use forebay_store::tools;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    site::{PATIENCE, POLL},
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

/// A folder for PATH with programs that first do something else.
fn programs(sandbox: &Sandbox, db: &TestDb, programs: &[(&'static str, &str)]) -> String {
    let major = db.value("current_setting('server_version_num')::int / 10000").parse().unwrap();
    let folder = sandbox.path().join("bin");
    fs::create_dir(&folder).unwrap();
    for (name, first) in programs {
        let real = tools::find(name, major).unwrap().program.display().to_string();
        let script = format!("#!/bin/sh\n[ \"$1\" = --version ] || {{ {first}; }}\nexec {real} \"$@\"\n");
        fs::write(folder.join(name), script).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    format!("{}:/usr/bin:/bin", folder.display())
}

fn run_with(path: &str, sandbox: &Sandbox, db: &TestDb, line: &str) -> Output {
    let mut command = sandbox.command(&format!("{line} --output json"));
    command.env("FOREBAY_DATABASE_URL", &db.url).env("PATH", path).output().unwrap()
}

#[test]
fn a_restore_reads_what_the_programs_say_while_they_run() {
    let (sandbox, db) = (Sandbox::new(), database());
    persist(&db, &sandbox, "first");
    assert_eq!(db.json(&sandbox, "db backup all.dump").0, 0);
    // More than a pipe holds.
    let noise = "head -c 300000 /dev/zero | tr '\\0' '\\n' >&2";
    let path = programs(&sandbox, &db, &[("pg_restore", noise), ("psql", noise)]);
    let output = run_with(&path, &sandbox, &db, "db restore all.dump --yes");
    assert!(output.status.success(), "{}", crate::shown(&output));
    assert_eq!(db.json(&sandbox, "stats").1["references"]["active"], 50);
}

#[test]
fn a_backup_never_overwrites_a_file_and_leaves_no_part_behind() {
    let (sandbox, db) = (Sandbox::new(), database());
    let files = || {
        let mut names: Vec<_> = fs::read_dir(sandbox.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    fs::write(sandbox.path().join("all.dump.part"), "of somebody else").unwrap();
    let path = programs(&sandbox, &db, &[("pg_dump", "echo mine > all.dump")]);
    // The file appears while the backup is written.
    let output = run_with(&path, &sandbox, &db, "db backup all.dump");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["error"]["code"], "file_exists", "{document}");
    assert_eq!(fs::read_to_string(sandbox.path().join("all.dump")).unwrap(), "mine\n");
    assert_eq!(files(), ["all.dump", "all.dump.part", "bin"]);

    let script = fs::read_to_string(sandbox.path().join("bin/pg_dump")).unwrap();
    let broken = script.replace("echo mine > all.dump", "echo broken >&2; exit 1");
    fs::write(sandbox.path().join("bin/pg_dump"), broken).unwrap();
    let output = run_with(&path, &sandbox, &db, "db backup new.dump");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["error"]["code"], "tool_failed", "{document}");
    assert_eq!(document["error"]["message"], "`pg_dump` failed: broken");
    assert_eq!(files(), ["all.dump", "all.dump.part", "bin"]);
    assert_eq!(fs::read_to_string(sandbox.path().join("all.dump.part")).unwrap(), "of somebody else");
}

#[test]
fn a_backup_is_possible_before_an_upgrade_and_migrates_nothing() {
    let (sandbox, db) = (Sandbox::new(), database());
    assert_eq!(db.json(&sandbox, "db down --yes").0, 0);
    let before = db.json(&sandbox, "db status").1;
    assert_eq!(before["num_pending"], 1);
    let (exit, backup) = db.json(&sandbox, "db backup old.dump");
    assert_eq!(exit, 0, "{backup}");
    assert_eq!(db.json(&sandbox, "db status").1, before);
}

#[test]
fn a_database_that_cannot_be_read_may_have_data() {
    let (sandbox, db) = (Sandbox::new(), database());
    assert_eq!(db.json(&sandbox, "db backup empty.dump").0, 0);
    db.execute("alter table forebay.sources rename to sources_before");
    let (exit, refused) = db.json(&sandbox, "db restore empty.dump");
    assert_eq!((exit, &refused["error"]["code"]), (2, &json!("confirmation_needed")), "{refused}");
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
    let output = Command::new("psql").args([url, "-XAtc", "select 1"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "1");
    let secret = "postgres://me:hunter2@127.0.0.1:1/x";
    let output = sandbox.command("db url").env("FOREBAY_DATABASE_URL", secret).output().unwrap();
    assert!(!crate::shown(&output).contains("hunter2"));
}

/// A folder for a private Postgres. Its path is short, because that of a socket is limited, and accessible to the user
/// that root's server runs as.
fn data_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("forebay-cli-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

fn is_running(url: &str) -> bool {
    let output = Command::new("psql").args([url, "-XAtc", "select 1"]).output().unwrap();
    output.status.success()
}

#[test]
fn a_started_private_postgres_runs_until_it_is_stopped() {
    let (sandbox, folder) = (Sandbox::new(), data_folder());
    let run = |line: &str| {
        let mut command = sandbox.command(&format!("{line} --output json"));
        command.env("FOREBAY_DATA_DIR", folder.path().join("data")).env("PATH", "/usr/bin:/bin");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", crate::shown(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
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

#[test]
fn an_interrupted_dry_run_stops_the_private_postgres() {
    let (sandbox, folder) = (Sandbox::new(), data_folder());
    let command = |line: &str| {
        let mut command = sandbox.command(line);
        command.env("FOREBAY_DATA_DIR", folder.path().join("data")).env("PATH", "/usr/bin:/bin");
        command
    };
    let url = command("db url").output().unwrap();
    let url = String::from_utf8(url.stdout).unwrap().trim().to_owned();
    fs::write(sandbox.path().join("slow.sh"), "touch started; sleep 600").unwrap();
    fs::write(
        sandbox.path().join("forebay.toml"),
        "[sources.slow]\nkey = \"id\"\n[sources.slow.command]\nargv = [\"sh\", \"slow.sh\"]\n",
    )
    .unwrap();
    for line in ["persist --source a --key id --dry-run -- sh slow.sh", "scrape slow --dry-run"] {
        let mut working = command(line).spawn().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !sandbox.path().join("started").exists() {
            assert!(Instant::now() < deadline, "{line}: the program does not start");
            thread::sleep(POLL);
        }
        fs::remove_file(sandbox.path().join("started")).unwrap();
        assert!(is_running(&url));
        kill_process(Pid::from_child(&working), Signal::INT).unwrap();
        assert_eq!(working.wait().unwrap().code(), Some(130), "{line}");
        assert!(!is_running(&url), "{line}");
    }
}

#[test]
fn a_private_postgres_listens_on_a_port_only_when_asked() {
    let folder = tempfile::Builder::new().prefix("forebay-cli-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let data_dir = folder.path().join("data");
    let sandbox = Sandbox::new();
    let output = |line: &str| {
        let mut command = sandbox.command(line);
        command.env("FOREBAY_DATA_DIR", &data_dir).env("PATH", "/usr/bin:/bin").output().unwrap()
    };
    let run = |line: &str| {
        let output = output(&format!("{line} --output json"));
        let document = serde_json::from_slice::<Value>(&output.stdout).unwrap();
        (output.status.code().unwrap(), document, crate::shown(&output))
    };
    let ask = |url: &str, password: &str, sql: &str| {
        let mut psql = std::process::Command::new("psql");
        let output = psql.env("PGPASSWORD", password).args(["-w", url, "-XAtc", sql]).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    };
    let (exit, refused, _) = run("db url --tcp");
    assert_eq!((exit, &refused["error"]["code"]), (2, &json!("no_port")));
    let socket_url = run("db start").1["url"].as_str().unwrap().to_owned();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (exit, refused, _) = run(&format!("db start --port {port}"));
    assert_eq!((exit, &refused["error"]["code"]), (1, &json!("cluster_port_taken")), "{refused}");
    assert_eq!(ask(&socket_url, "", "show listen_addresses").as_deref(), Some(""), "it goes on without it");
    drop(taken);

    let (exit, started, said) = run(&format!("db start --port {port}"));
    assert_eq!((exit, &started["port"], &started["url"]), (0, &json!(port), &json!(socket_url)), "{started}");
    let file = std::path::PathBuf::from(started["password_file"].as_str().unwrap());
    assert!(file.starts_with(&data_dir));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let password = fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(password.len(), 48);
    assert!(
        said.contains(&format!("listens on 127.0.0.1:{port} until")) && !said.contains(&password),
        "{said}"
    );
    let (_, tcp, said) = run("db url --tcp");
    let tcp_url = tcp["url"].as_str().unwrap();
    assert_eq!(tcp_url, format!("postgresql://forebay@127.0.0.1:{port}/forebay"));
    assert!(said.contains("the password is in ") && !said.contains(&password), "{said}");
    assert_eq!(ask(tcp_url, "", "select 1"), None);
    assert_eq!(ask(tcp_url, "wrong", "select 1"), None);
    assert_eq!(ask(tcp_url, &password, "select 1").as_deref(), Some("1"));
    let with_password = run("db url --tcp --with-password").1["url"].as_str().unwrap().to_owned();
    assert_eq!(ask(&with_password, "", "show listen_addresses").as_deref(), Some("127.0.0.1"));
    assert_eq!(ask(&socket_url, "", "select 1").as_deref(), Some("1"), "the socket is as it was");
    let verifier = "select left(rolpassword, 13) from pg_authid where rolname = 'forebay'";
    assert_eq!(ask(&socket_url, "", verifier).as_deref(), Some("SCRAM-SHA-256"));
    assert_eq!(run("db status").1["database"]["port"], port);
    let text = crate::shown(&output("db status"));
    assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
    let again = crate::shown(&output("db start"));
    assert!(
        again.contains(&format!("it already listens on 127.0.0.1:{port} until `forebay db stop`")),
        "{again}"
    );
    for line in ["db url", "db status", "doctor --verbose", "stats", "db start"] {
        let output = output(line);
        assert!(!crate::shown(&output).contains(&password), "{line}");
    }

    assert_eq!(run("db stop").1["is_stopped"], true);
    assert_eq!(ask(tcp_url, &password, "select 1"), None);
    assert_eq!(run("db start").1["port"], Value::Null, "not asked again");
    assert_eq!(run(&format!("db start --port {port}")).1["port"], port);
    assert_eq!(ask(tcp_url, &password, "select 1").as_deref(), Some("1"), "the password is the same");
    run("db stop");
}
