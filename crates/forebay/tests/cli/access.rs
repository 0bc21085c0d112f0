//! `publish`, `db up --rls`, and what a backup of a database with the roles of a web API needs.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{database, write_records},
    shown,
};

fn configure(sandbox: &Sandbox, lines: &str) {
    let text = format!("[project]\nname = \"catalogue\"\n\n[sources.courses]\nkey = \"id\"\n{lines}");
    sandbox.configure(&text);
}

#[test]
fn publish_in_the_configuration_publishes_a_source_and_ends_that() {
    let (sandbox, db) = (Sandbox::new(), database());
    let is_published = || db.value("select is_published from forebay.sources where name = 'courses'");
    let file = write_records(&sandbox, "courses.jsonl", [json!({ "id": "a", "title": "b" })]);
    configure(&sandbox, "");
    assert_eq!(db.json(&sandbox, &format!("persist {file} --source courses")).0, 0);
    assert_eq!(is_published(), "false");

    configure(&sandbox, "publish = true\n");
    let (exit, dry) = db.json(&sandbox, "config apply --dry-run");
    assert_eq!((exit, &dry["changed_sources"]), (0, &json!(["courses"])), "{dry}");
    assert_eq!(is_published(), "false", "a dry run writes nothing");
    let (exit, applied) = db.json(&sandbox, "config apply");
    assert_eq!((exit, &applied["changed_sources"]), (0, &json!(["courses"])), "{applied}");
    assert_eq!(is_published(), "true");
    assert_eq!(db.json(&sandbox, "sources show courses").1["is_published"], true);
    assert_eq!(db.json(&sandbox, "config apply").1["changed_sources"], json!([]), "it is published already");

    // A run of the source has the same effect.
    configure(&sandbox, "publish = false\n");
    assert_eq!(db.json(&sandbox, &format!("persist {file} --source courses")).0, 0);
    assert_eq!(is_published(), "false");
    configure(&sandbox, "publish = true\n");
    assert_eq!(db.json(&sandbox, &format!("persist {file} --source courses")).0, 0);
    assert_eq!(is_published(), "true");

    // Without the configuration it stays as it is; without the source in it, it is not published.
    sandbox.configure("[project]\nname = \"catalogue\"\n");
    assert_eq!(db.json(&sandbox, &format!("persist {file} --source courses --key id")).0, 0);
    assert_eq!(is_published(), "true");
    assert_eq!(db.json(&sandbox, "config apply --prune --yes").0, 0);
    assert_eq!(is_published(), "false");
}

#[test]
fn a_backup_with_roles_of_a_web_api_is_restored_where_they_are_missing() {
    let (sandbox, db) = (Sandbox::new(), database());
    assert_eq!(db.json(&sandbox, "db up --rls").0, 0);
    let policies = "select count(*)::text from pg_policy cross join unnest(polroles) as r \
         where r = 'authenticated'::regrole";
    assert_ne!(db.value(policies), "0");
    let file = write_records(&sandbox, "courses.jsonl", [json!({ "id": "a", "title": "b" })]);
    assert_eq!(db.json(&sandbox, &format!("persist {file} --source courses --key id")).0, 0);
    assert_eq!(db.json(&sandbox, "db backup all.dump").0, 0);

    let folder = tempfile::Builder::new().prefix("forebay-cli-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let run = |line: &str| {
        let mut command = sandbox.command(&format!("{line} --output json"));
        let output = command.env("FOREBAY_DATA_DIR", folder.path().join("data")).output().unwrap();
        assert!(output.status.success(), "{}", shown(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(run("db restore all.dump")["num_active"], 1);
    let doctor = run("doctor");
    let rls = doctor["checks"].as_array().unwrap().iter().find(|check| check["code"] == "row_security");
    assert_eq!(rls.unwrap()["status"], "ok");
}
