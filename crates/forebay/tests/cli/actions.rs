//! The audit trail: each change of an operator is in it, in the transaction of the change.

use serde_json::{Value, json};

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

/// Forty records, and a run that is held because only four of them are left.
fn held(db: &TestDb, sandbox: &Sandbox) {
    let record = |number| json!({ "id": format!("C-{number:02}"), "title": format!("Course {number}") });
    for (count, exit) in [(40, 0), (4, 3)] {
        let file = write_records(sandbox, "day.jsonl", (0..count).map(record));
        let line = format!("persist {file} --source courses --key id --complete");
        assert_eq!(db.run(sandbox, &line).status.code(), Some(exit));
    }
}

fn actions(db: &TestDb, sandbox: &Sandbox, filters: &str) -> Vec<Value> {
    let (exit, mut page) = db.json(sandbox, &format!("actions {filters}"));
    assert_eq!(exit, 0, "{page}");
    page["items"].as_array_mut().unwrap().drain(..).collect()
}

fn done(db: &TestDb, sandbox: &Sandbox, line: &str) {
    let output = db.run(sandbox, line);
    assert!(output.status.success(), "{line}: {}", crate::shown(&output));
}

#[test]
fn every_decision_is_in_the_list_with_who_and_why() {
    let (sandbox, db) = (Sandbox::new(), database());
    held(&db, &sandbox);
    // A dry run, a refused and a failed command change nothing, so they are no actions.
    done(&db, &sandbox, "runs release latest --dry-run");
    assert!(!db.run(&sandbox, "runs revert latest --yes").status.success());
    done(&db, &sandbox, "handoffs hold --source courses --dry-run");
    assert_eq!(actions(&db, &sandbox, ""), [Value::Null; 0]);

    for line in [
        "runs release latest --yes --reason semester-ended",
        "runs revert latest --yes",
        "sources breaker open courses --reason asked-by-the-site",
        "sources breaker close courses",
        "handoffs hold --source courses",
        "handoffs release --source courses",
        "handoffs pause documents --for 2h",
        "handoffs resume documents",
        "handoffs enqueue courses/C-01 --pipeline documents",
        "pipelines disable documents",
        "pipelines enable documents",
        "sources rename-field courses title name",
        "sources delete courses --yes --reason it-moved",
    ] {
        done(&db, &sandbox, line);
    }
    let all = actions(&db, &sandbox, "");
    let words: Vec<&str> = all.iter().rev().map(|action| action["action"].as_str().unwrap()).collect();
    assert_eq!(
        words,
        [
            "run_released",
            "run_reverted",
            "breaker_forced_open",
            "breaker_closed",
            "handoffs_held",
            "handoffs_released",
            "pipeline_paused",
            "pipeline_resumed",
            "handoffs_requested",
            "pipeline_disabled",
            "pipeline_enabled",
            "source_field_renamed",
            "source_deleted",
        ]
    );
    let released = all.last().unwrap();
    assert_eq!(
        (&released["target_kind"], &released["source"], &released["num_touched"], &released["reason"]),
        (&json!("run"), &json!("courses"), &json!(36), &json!("semester-ended"))
    );
    assert_eq!((&released["role"], &released["skin"]), (&json!("admin"), &json!("cli")));
    assert!(released["from"].is_string() && released["actor"].is_string(), "{released}");

    // What concerns the source stays after it is deleted.
    assert_eq!(actions(&db, &sandbox, "--source courses").len(), 8);
    assert_eq!(actions(&db, &sandbox, "--action source_deleted")[0]["reason"], "it-moved");
    assert_eq!(actions(&db, &sandbox, "--actor nobody-of-this-name"), [Value::Null; 0]);
    let (_, first) = db.json(&sandbox, "actions --limit 5");
    let next = first["next"].as_str().unwrap();
    let rest = actions(&db, &sandbox, &format!("--after {next}"));
    assert_eq!((rest.len(), &rest[0]), (8, &all[5]));
    let (_, text) = db.text(&sandbox, "actions");
    assert!(text.contains("run_released") && text.contains("semester-ended"), "{text}");
}

#[test]
fn a_change_that_cannot_be_recorded_is_not_made() {
    let (sandbox, db) = (Sandbox::new(), database());
    held(&db, &sandbox);
    db.execute(
        "create function public.refuse() returns trigger language plpgsql as $$
         begin raise exception 'the audit trail is full'; end $$;
         create trigger refuse before insert on forebay.operator_actions
         for each row execute function public.refuse()",
    );
    let unchanged = db.digests();
    for line in [
        "runs release latest --yes",
        "runs reject latest --yes",
        "sources breaker open courses",
        "handoffs hold --source courses",
        "handoffs pause documents",
        "handoffs enqueue courses/C-01 --pipeline documents",
        "pipelines disable documents",
        "sources delete courses --yes",
    ] {
        let output = db.run(&sandbox, line);
        assert_eq!(output.status.code(), Some(1), "{line}: {}", crate::shown(&output));
        // A decision holds the scope with a lease while it tries.
        let mut after = db.digests();
        let mut before = unchanged.clone();
        for digests in [&mut after, &mut before] {
            digests.remove("scope_leases");
        }
        assert_eq!(after, before, "{line}");
    }
}
