//! `forebay db`: migrating up and down, and the private cluster.

use std::{fs, os::unix::fs::PermissionsExt};

use forebay_store::{
    cluster::{Cluster, ClusterOptions},
    migrations::MIGRATIONS,
};

use crate::{Sandbox, shown, stored::Stored};

/// The text as if there were two migrations, with tables normalised, so that a new migration changes no snapshot.
fn steady(text: &str) -> String {
    let (newest, later) = (MIGRATIONS.len(), &MIGRATIONS[2..]);
    let is_steady = |line: &&str| !line.contains('─') && !later.iter().any(|step| line.contains(step.name));
    let squeezed =
        |line: &str| line.split("  ").filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
    text.lines()
        .filter(is_steady)
        .map(|line| {
            squeezed(line)
                .replace(&format!("version {newest}"), "version <newest>")
                .replace(&format!("version {}", newest - 1), "version <before>")
                .replace(&format!("{newest} pending"), "<all> pending")
                + "\n"
        })
        .collect()
}

#[test]
fn up_and_down_say_what_they_did() {
    let stored = Stored::empty();
    assert_eq!(stored.error("stats"), (Some(2), "schema_missing".into()));
    insta::assert_snapshot!("db_up", steady(&stored.run("db up")));
    insta::assert_snapshot!("db_up_again", steady(&stored.run("db up")));
    insta::assert_snapshot!("db_status", steady(&stored.run("db status")));
    let taken_back = stored.json("db down --yes")["undone"].clone();
    assert_eq!(taken_back, serde_json::json!([MIGRATIONS.len()]));
    assert_eq!(stored.json("db up")["applied"], taken_back);
    insta::assert_snapshot!("db_down", steady(&stored.run("db down --yes")));
    insta::assert_snapshot!("db_status_behind", steady(&stored.run("db status")));
    insta::assert_snapshot!("db_down_nothing", steady(&stored.run("db down --to 999")));
    let document = stored.json("db down --to 0 --yes");
    assert_eq!(document["version"], 0);
    assert_eq!(stored.json("db status")["version"], 0);
    assert_eq!(stored.json("db status")["database"]["kind"], "configured");
}

#[test]
fn data_is_deleted_only_after_confirmation() {
    let stored = Stored::courses();
    insta::assert_snapshot!("db_reset_refused", stored.run("db reset"));
    let refused = stored.run("db down --to 1");
    for expected in
        ["error[confirmation_needed]", "2 rows of forebay.\"references\"", "8 rows of", " empty tables\n"]
    {
        assert!(refused.contains(expected), "{expected} is not in {refused}");
    }
    assert_eq!(stored.error("db reset"), (Some(2), "confirmation_needed".into()));
    assert_eq!(stored.json("stats")["references"]["active"], 2, "all is still there");
    let document = stored.json("db reset --yes");
    assert_eq!(document["undone"].as_array().unwrap().len(), document["applied"].as_array().unwrap().len());
    assert_eq!(stored.json("stats")["references"]["active"], 0);
    insta::assert_snapshot!("db_stop_configured", stored.run("db stop"));
}

#[test]
fn what_depends_on_the_schema_is_named_before_anything_is_reverted() {
    let stored = Stored::courses();
    stored.execute("create view public.titles as select record_key from forebay.\"references\"");
    insta::assert_snapshot!("db_down_in_use", stored.run("db down --to 0 --yes"));
    assert_eq!(stored.error("db reset --yes"), (Some(1), "schema_in_use".into()));
    assert_eq!(stored.json("stats")["references"]["active"], 2, "all is still there");
    stored.execute("drop view public.titles");
    assert_eq!(stored.json("db down --to 0 --yes")["version"], 0);
}

#[test]
fn migrations_are_exported_without_a_database_and_never_overwrite_a_file() {
    let sandbox = Sandbox::new();
    let json = |line: &str| -> serde_json::Value {
        let output = sandbox.command(&format!("{line} --output json")).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let first = json("db export --supabase supabase/migrations");
    let files: Vec<&str> =
        first["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    assert_eq!(files[0], "supabase/migrations/20260101000001_forebay_sources_and_runs.sql");
    assert_eq!((files.len(), &first["num_written"]), (MIGRATIONS.len(), &(2 * MIGRATIONS.len()).into()));
    let newest = first["rollback_files"][0].as_str().unwrap();
    assert!(newest.starts_with("supabase/rollback/"), "{newest}");
    let names = fs::read_dir(sandbox.path().join("supabase/migrations")).unwrap().count();
    assert_eq!(names, MIGRATIONS.len(), "the files that revert are elsewhere");
    assert_eq!(json("db export --supabase supabase/migrations")["num_written"], 0);

    let api = json("db export --supabase supabase/migrations --api");
    let newest = api["files"].as_array().unwrap().last().unwrap().as_str().unwrap();
    assert_eq!(
        (newest, &api["num_written"]),
        ("supabase/migrations/20260102000001_forebay_api.sql", &2.into())
    );
    assert_eq!(api["rollback_files"][0], "supabase/rollback/20260102000001_forebay_api.sql");

    let seeded = json("db export --supabase supabase/migrations --seed");
    assert_eq!(
        (seeded["seed_file"].as_str(), &seeded["num_written"]),
        (Some("supabase/seed.sql"), &1.into())
    );
    let seed = fs::read_to_string(sandbox.path().join("supabase/seed.sql")).unwrap();
    assert!(seed.contains("insert into forebay.\"sources\""), "{seed}");
    assert_eq!(json("db export --supabase supabase/migrations --seed")["num_written"], 0);
    // A project has its own, which is kept.
    fs::write(sandbox.path().join("supabase/seed.sql"), "select 1;").unwrap();
    assert_eq!(json("db export --supabase supabase/migrations --seed")["error"]["code"], "file_exists");

    // One file is new, as after an upgrade, and one was changed.
    fs::remove_file(sandbox.path().join(files[1])).unwrap();
    assert_eq!(json("db export --supabase supabase/migrations")["num_written"], 1);
    fs::write(sandbox.path().join(files[0]), "select 1;").unwrap();
    assert_eq!(json("db export --supabase supabase/migrations")["error"]["code"], "file_exists");
    assert_eq!(fs::read_to_string(sandbox.path().join(files[0])).unwrap(), "select 1;");

    let script = sandbox.command("db export --sql").output().unwrap();
    let script = String::from_utf8(script.stdout).unwrap();
    assert!(
        script.contains("create table forebay.sources (")
            && script.contains("create table forebay.content_pieces (")
    );
    assert_eq!(json("db export --sql")["sql"].as_str().unwrap().trim_end(), script.trim_end());
    let script = json("db export --sql --api=read_model");
    assert!(script["sql"].as_str().unwrap().contains("create or replace view \"read_model\".runs"));
    // The files that revert would replace those that apply.
    let wrong = [
        "db export",
        "db export --sql --seed",
        "db export --sql --supabase supabase/migrations",
        "db export --supabase rollback",
    ];
    for line in wrong {
        assert_eq!(sandbox.command(line).output().unwrap().status.code(), Some(2), "{line}");
    }
    assert!(!sandbox.path().join("rollback").exists());
}

#[test]
fn the_private_cluster_is_started_and_stopped() {
    // A folder that the server's user can access, with a short path for the socket.
    let folder = tempfile::Builder::new().prefix("forebay-cli-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let data_dir = folder.path().join("data");
    let sandbox = Sandbox::new();
    let run = |line: &str| {
        let mut command = sandbox.command(line);
        command.env("FOREBAY_DATA_DIR", &data_dir).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        shown(&command.output().unwrap()).replace(folder.path().to_str().unwrap(), "<folder>")
    };
    insta::assert_snapshot!("db_stop_nothing", run("db stop"));
    insta::assert_snapshot!("db_status_private", steady(&run("db status")));
    assert!(run("db up").starts_with("exit code: 0"));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let options = ClusterOptions { durable: false, ..ClusterOptions::new(&data_dir) };
    let joined = runtime.block_on(Cluster::join(&options)).unwrap();
    insta::assert_snapshot!("db_stop_in_use", run("db stop"));
    runtime.block_on(joined.leave()).unwrap();
    assert!(run("db stop").contains("no private Postgres is running"));
}
