//! A worker runs what its own file declares, and nothing that only the database names.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{database, write_records},
    shown,
};

fn command(mark: &Path) -> String {
    format!(
        "[project]\nname = \"p\"\n[pipelines.index]\nsource = \"*\"\nhandler = \"exec\"\ncommand = [\"/bin/sh\", \"-c\", \": > {}\"]\n",
        mark.display()
    )
}

fn declarations(document: &Value) -> Vec<(&str, &str)> {
    let checks = document["checks"].as_array().unwrap().iter();
    let checks =
        checks.filter(|check| check["code"] == "pipeline_declarations" && check["status"] == "warning");
    checks.map(|check| (check["subject"].as_str().unwrap(), check["message"].as_str().unwrap())).collect()
}

#[test]
fn a_worker_without_the_file_leaves_the_pipeline_alone_and_says_so() {
    let (sandbox, elsewhere, db) = (Sandbox::new(), Sandbox::new(), database());
    let mark = sandbox.path().join("mark");
    sandbox.configure(&command(&mark));
    let file = write_records(&sandbox, "a.jsonl", [json!({"id": 1})]);
    assert!(db.run(&sandbox, &format!("persist {file} --source a --key id")).status.success());
    // Written by a program that is no project.
    db.execute(
        "insert into forebay.pipelines (name, handler, config)
         values ('shell', 'exec', '{\"command\": [\"/bin/sh\", \"-c\", \": > mark\"]}')",
    );

    let (exit, work) = db.json(&elsewhere, "work --drain");
    assert_eq!(exit, 0, "{work}");
    let left_alone = work["left_alone"].as_array().unwrap();
    let named: Vec<&Value> = left_alone.iter().map(|left| &left["pipeline"]).collect();
    assert_eq!(named, [&json!("index"), &json!("shell")]);
    assert_eq!(left_alone[0]["num_waiting"], 1);
    let error = &left_alone[0]["error"];
    assert_eq!(error["code"], "pipeline_undeclared");
    assert!(error["hint"].as_str().unwrap().contains("[pipelines.index]"), "{error}");
    let (_, text) = db.text(&elsewhere, "work --drain");
    assert!(text.contains("pipeline index was left alone: 1 hand-off waits"), "{text}");
    let output = db.run(&elsewhere, "work --drain --pipeline shell");
    let said = shown(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("pipeline_undeclared") && said.contains("hint: "), "{said}");
    // The pipeline of another project is run there; the other one by nobody.
    let (_, doctor) = db.json(&elsewhere, "doctor");
    let found = declarations(&doctor);
    assert_eq!(found.iter().map(|found| found.0).collect::<Vec<_>>(), ["shell"], "{found:?}");

    // Other settings of the same file, as in a worker that was not started again.
    let before = db.value("select configured_at from forebay.pipelines where name = 'index'");
    db.execute("update forebay.pipelines set config = '{\"command\": [\"/bin/sh\", \"-c\", \": > hostile\"]}' where name = 'index'");
    let (_, doctor) = db.json(&sandbox, "doctor");
    assert!(declarations(&doctor)[0].1.contains("has other settings"), "{doctor}");
    assert_eq!(db.value("select configured_at from forebay.pipelines where name = 'index'"), before);
    // A worker stores the declaration of its file first.
    let (_, work) = db.json(&sandbox, "work --drain");
    assert_eq!(work["left_alone"][0]["pipeline"], "shell", "{work}");
    assert!(mark.exists(), "{work}");
    assert!(!sandbox.path().join("hostile").exists() && !elsewhere.path().join("mark").exists());
}

#[test]
fn doctor_prints_how_to_create_the_role_of_a_pipeline() {
    let (sandbox, db) = (Sandbox::new(), database());
    let role = format!("index_worker_of_{}", db.value("current_database()"));
    let text = format!("[pipelines.index]\nsource = \"*\"\nhandler = \"external\"\nrole = \"{role}\"\n");
    sandbox.configure(&text);
    assert!(db.run(&sandbox, "config apply").status.success());
    let found = || {
        let (_, doctor) = db.json(&sandbox, "doctor");
        let checks = doctor["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["code"] == "worker_roles").unwrap()
    };
    let check = found();
    assert_eq!((&check["status"], &check["subject"]), (&json!("warning"), &json!("index")), "{check}");
    assert!(check["message"].as_str().unwrap().contains("doesn't exist"), "{check}");
    let hint = check["hint"].as_str().unwrap();
    let statements = hint.split_once("run: ").unwrap().1.split_once("; then ").unwrap().0;
    db.execute(statements);
    assert_eq!(found()["status"], "ok");
    db.execute(&format!("revoke usage on schema forebay from {role}"));
    assert!(found()["message"].as_str().unwrap().contains("may not call the functions"));
    db.execute(&format!("drop owned by {role}; drop role {role}"));

    // Only pipelines of other workers have a role.
    sandbox.configure("[pipelines.search]\nsource = \"*\"\nhandler = \"documents\"\nrole = \"r\"\n");
    let (exit, error) = db.json(&sandbox, "config check");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("config_invalid")), "{error}");
}
