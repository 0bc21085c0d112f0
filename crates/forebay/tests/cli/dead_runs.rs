//! A program that is killed leaves its run open: operators see that, and a worker closes it.

use std::{
    io::Write,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{Sandbox, database::database};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_run_whose_process_was_killed_is_named_and_closed_by_a_worker() {
    let (sandbox, db) = (Sandbox::new(), database());
    let mut command = sandbox.command("persist - --source big --key id");
    command.env("FOREBAY_DATABASE_URL", &db.url);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut id = 0;
    while db.value("select count(*) from forebay.\"references\"") == "0" {
        assert!(Instant::now() < deadline, "nothing is stored");
        for id in id..id + 2_000 {
            writeln!(input, "{{\"id\": {id}}}").unwrap();
        }
        id += 2_000;
        thread::sleep(Duration::from_millis(50));
    }

    let dead_runs = || -> Value {
        let (_, document) = db.json(&sandbox, "doctor");
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["code"] == "dead_runs").unwrap().clone()
    };
    let detail = || db.json(&sandbox, "runs show latest").1;
    assert_eq!(dead_runs()["status"], "ok", "it still works");
    assert_eq!(detail()["process_died"], false);

    child.kill().unwrap();
    child.wait().unwrap();
    // The server notices the end of a connection by itself.
    while dead_runs()["status"] == "ok" {
        assert!(Instant::now() < deadline + PATIENCE, "the dead run is not named");
    }
    let found = dead_runs();
    assert_eq!(
        (&found["status"], &found["subject"], &found["next"]),
        (&json!("failed"), &json!("run 1"), &json!("forebay work --drain")),
    );
    assert_eq!(detail()["process_died"], true);
    let text = db.text(&sandbox, "runs show latest").1;
    assert!(text.contains("its process has died"), "{text}");
    for line in ["runs reject 1", "runs release 1", "runs rekey 1", "runs diff 1", "runs revert 1 --yes"] {
        let (exit, document) = db.json(&sandbox, line);
        assert_eq!((exit, &document["error"]["code"]), (2, &json!("run_process_died")), "{line}: {document}");
        assert!(document["error"]["message"].as_str().unwrap().contains("its process died"), "{document}");
        assert!(document["error"]["hint"].as_str().unwrap().contains("forebay work --drain"), "{document}");
    }
    assert_eq!(db.json(&sandbox, "changes --source big --limit 5").1["items"], json!([]));

    assert!(db.run(&sandbox, "work --drain").status.success());
    let run = detail();
    assert_eq!(
        (&run["process_died"], &run["run"]["status"], &run["run"]["reason_code"]),
        (&json!(false), &json!("aborted"), &json!("process_died")),
        "{run}"
    );
    assert_eq!(dead_runs()["status"], "ok");
    let (_, changes) = db.json(&sandbox, "changes --source big --limit 5");
    assert_eq!(changes["items"].as_array().map(Vec::len), Some(5), "{changes}");
}
