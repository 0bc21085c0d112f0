//! Pipelines: disabled and enabled by operators, and several endpoints of one webhook.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
    site::Site,
};

fn persist(db: &TestDb, sandbox: &Sandbox, id: u32) {
    let file = write_records(sandbox, "one.jsonl", [json!({"id": id})]);
    assert!(db.run(sandbox, &format!("persist {file} --source a --key id")).status.success());
}

fn of<'a>(document: &'a Value, pipeline: &str) -> &'a Value {
    let items = document["items"].as_array().unwrap();
    items.iter().find(|item| item["pipeline"] == pipeline).unwrap_or_else(|| panic!("{document}"))
}

#[test]
fn a_disabled_pipeline_keeps_what_waits_until_it_is_enabled() {
    let (sandbox, db) = (Sandbox::new(), database());
    persist(&db, &sandbox, 1);
    let (exit, disabled) = db.json(&sandbox, "pipelines disable documents");
    assert_eq!(
        (exit, &disabled["state"], &disabled["reason_code"]),
        (0, &json!("disabled"), &json!("operator"))
    );
    persist(&db, &sandbox, 2);
    let (exit, work) = db.json(&sandbox, "work --drain");
    assert_eq!(
        (exit, &work["disabled"][0]["num_waiting"], &work["pipelines"]),
        (0, &json!(2), &json!([])),
        "{work}"
    );
    let (_, text) = db.text(&sandbox, "work --drain");
    assert!(text.contains("pipeline documents is disabled (operator): 2 hand-offs rest"), "{text}");
    let (_, doctor) = db.json(&sandbox, "doctor");
    let checks = doctor["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["code"] == "disabled_pipelines").unwrap();
    assert_eq!(
        (&check["status"], &check["next"]),
        (&json!("warning"), &json!("forebay pipelines enable documents"))
    );
    // Declaring it again doesn't enable it.
    sandbox.configure("[pipelines.documents]\nsource = \"*\"\nhandler = \"documents\"\ntitle = \"id\"\n");
    let (_, listed) = db.json(&sandbox, "pipelines list");
    assert_eq!(of(&listed, "documents")["state"], "disabled");
    assert!(db.run(&sandbox, "config apply").status.success());
    let (_, text) = db.text(&sandbox, "pipelines list");
    assert!(text.contains("disabled (operator)"), "{text}");

    let (exit, enabled) = db.json(&sandbox, "pipelines enable documents");
    assert_eq!((exit, &enabled["state"], &enabled["reason_code"]), (0, &json!("enabled"), &Value::Null));
    let (_, work) = db.json(&sandbox, "work --drain");
    assert_eq!(work["pipelines"][0]["num_succeeded"], 2, "{work}");

    let (exit, error) = db.json(&sandbox, "pipelines disable documnets");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("no_such_pipeline")));
    db.execute("update forebay.pipelines set enabled = false");
    let (exit, error) = db.json(&sandbox, "pipelines enable documents");
    assert_eq!((exit, &error["error"]["code"]), (2, &json!("pipeline_declared_disabled")), "{error}");
}

#[test]
fn a_failing_endpoint_is_disabled_and_the_other_ones_work_on() {
    let (sandbox, db) = (Sandbox::new(), database());
    // Nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = Site::open();
    site.answer("/hook", 200, "");
    sandbox.configure(&format!(
        "[pipelines.documents]\nsource = \"*\"\nhandler = \"documents\"\nenabled = false\n\
             [pipelines.hook]\nsource = \"*\"\nhandler = \"webhook\"\n\
             disable = {{ after = \"1ms\", min_failures = 2 }}\n\
             [[pipelines.hook.endpoints]]\nname = \"gone\"\nurl = \"http://{closed}/\"\n\
             [[pipelines.hook.endpoints]]\nname = \"here\"\nurl = \"{}/hook\"\n\
             [pipelines.hook.retry]\ntransient = {{ base_delay = \"1s\", max_delay = \"1s\" }}\n",
        site.url
    ));
    persist(&db, &sandbox, 1);
    let is_disabled = || {
        db.json(&sandbox, "work --drain");
        db.value("select count(*) from forebay.pipelines where disabled_reason = 'endpoint_failing'") == "1"
    };
    assert!((0..60).any(|_| is_disabled()), "{}", db.json(&sandbox, "pipelines list").1);
    persist(&db, &sandbox, 2);
    let (exit, work) = db.json(&sandbox, "work --drain");
    assert_eq!(exit, 0, "{work}");
    let (_, listed) = db.json(&sandbox, "pipelines list");
    let (gone, here) = (of(&listed, "hook.gone"), of(&listed, "hook.here"));
    assert_eq!((&gone["state"], &gone["reason_code"]), (&json!("disabled"), &json!("endpoint_failing")));
    assert_eq!(
        (&gone["num_waiting"], &here["num_waiting"], &here["state"]),
        (&json!(2), &json!(0), &json!("enabled"))
    );
    let states = "select string_agg(p.name || ' ' || h.state, ',' order by p.name, h.state) \
         from forebay.handoffs as h join forebay.pipelines as p using (pipeline_id)";
    assert_eq!(
        db.value(states),
        "hook.gone pending,hook.gone retrying,hook.here succeeded,hook.here succeeded"
    );
    let (_, doctor) = db.json(&sandbox, "doctor");
    let checks = doctor["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["code"] == "disabled_pipelines").unwrap();
    assert_eq!((&check["status"], &check["subject"]), (&json!("failed"), &json!("hook.gone")), "{check}");

    // Enabled again, it is tried again.
    let attempts = "select count(*) from forebay.ingestion_attempts";
    let before = db.value(attempts);
    db.json(&sandbox, "pipelines enable hook.gone");
    db.json(&sandbox, "work --drain");
    assert_ne!(db.value(attempts), before);
}
