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
    insta::assert_snapshot!("db_down_refused", steady(&stored.run("db down --to 1")));
    assert_eq!(stored.error("db reset"), (Some(2), "confirmation_needed".into()));
    assert_eq!(stored.json("stats")["references"]["active"], 2, "all is still there");
    let document = stored.json("db reset --yes");
    assert_eq!(document["undone"].as_array().unwrap().len(), document["applied"].as_array().unwrap().len());
    assert_eq!(stored.json("stats")["references"]["active"], 0);
    insta::assert_snapshot!("db_stop_configured", stored.run("db stop"));
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
