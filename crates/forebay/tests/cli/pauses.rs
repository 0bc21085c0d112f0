//! Pauses: seen in counts, details, the self-check and retries, made and lifted by command.

use serde_json::json;

use crate::{
    Sandbox,
    database::{TestDb, database, write_records},
};

/// One hand-off to an external pipeline whose limits have a key.
fn one_handoff(sandbox: &Sandbox) -> TestDb {
    let config = "[pipelines.hook]\nsource = \"courses\"\nhandler = \"external\"\n\
                  limits = { key = \"host\", key_max_active = 5 }\n\
                  [pipelines.plain]\nsource = \"courses\"\nhandler = \"external\"\n";
    sandbox.configure(config);
    let db = database();
    let file = write_records(sandbox, "courses.jsonl", [json!({ "id": "a", "host": "h\u{1b}[31m" })]);
    let output = db.run(sandbox, &format!("persist {file} --source courses --key id"));
    assert!(output.status.success(), "{}", crate::shown(&output));
    db
}

#[test]
fn a_pause_is_seen_wherever_its_hand_offs_are_and_lifted() {
    let sandbox = Sandbox::new();
    let db = one_handoff(&sandbox);
    let failed = "select (select verdict from forebay.fail_jobs('hook', jsonb_build_array(jsonb_build_object( \
             'reference_id', c.reference_id, 'receipt', c.receipt, 'class', 'permanent')))) \
         from forebay.claim_jobs('hook') as c";
    assert_eq!(db.value(failed), "failed");
    let (exit, text) = db.text(&sandbox, "handoffs pause hook --until 2099-03-01T06:00:00Z");
    assert_eq!((exit, text.trim()), (0, "hook: paused until 2099-03-01 06:00:00 UTC"), "{text}");
    for line in [
        "handoffs counts",
        "handoffs show courses/a",
        "doctor",
        "handoffs retry --pipeline hook --state failed",
    ] {
        let (_, text) = db.text(&sandbox, line);
        assert!(text.contains("paused until 2099-03-01"), "{line}: {text}");
    }
    let (_, counts) = db.json(&sandbox, "handoffs counts --pipeline hook");
    assert_eq!(counts["items"][0]["paused_until"], "2099-03-01T06:00:00.000Z", "{counts}");
    let (_, retried) = db.json(&sandbox, "handoffs retry --pipeline hook --state pending");
    assert_eq!(retried["pauses"], json!([]), "nothing was retried: {retried}");
    let (exit, resumed) = db.json(&sandbox, "handoffs resume hook");
    assert_eq!(exit, 0);
    assert_eq!(
        resumed["lifted"],
        json!([{ "pipeline": "hook", "key": null, "until": "2099-03-01T06:00:00.000Z" }])
    );
    let (exit, text) = db.text(&sandbox, "handoffs resume hook");
    assert_eq!((exit, text.trim()), (0, "hook: it was not paused"));
    let (_, counts) = db.json(&sandbox, "handoffs counts --pipeline hook");
    assert_eq!(counts["items"][0]["paused_until"], json!(null));
}

#[test]
fn what_workers_report_is_shown_on_its_own_line_and_without_colours() {
    let sandbox = Sandbox::new();
    let db = one_handoff(&sandbox);
    // Red is a colour of this program, so only its own text may have it.
    let failed = "select (select verdict from forebay.fail_jobs('plain', jsonb_build_array(jsonb_build_object( \
             'reference_id', c.reference_id, 'receipt', c.receipt, 'class', 'permanent', \
             'reason_code', E'bad\\x1b[31m\\ncode', 'message', E'bad\\x1b[31m\\nmessage\\u202e')))) \
         from forebay.claim_jobs('plain') as c";
    assert_eq!(db.value(failed), "failed");
    for line in [
        "handoffs list",
        "handoffs show courses/a",
        "handoffs counts",
        "handoffs verify",
        "doctor --verbose",
        "work --drain",
        "handoffs retry --pipeline plain --state failed --dry-run",
        "handoffs retry --pipeline plain --state failed",
    ] {
        let output = db.run(&sandbox, line);
        for text in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(text);
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{line}: {text:?}");
            let starts = |start: &str| text.lines().any(|line| line.trim_start().starts_with(start));
            assert!(!starts("code") && !starts("message"), "{line}: {text:?}");
        }
    }
}

#[test]
fn a_key_is_paused_by_itself_and_shown_without_controls() {
    let sandbox = Sandbox::new();
    let db = one_handoff(&sandbox);
    let key = "h\u{1b}[31m";
    let output = db.run(&sandbox, &format!("handoffs pause hook --key {key}"));
    let text = crate::shown(&output);
    assert!(output.status.success() && text.contains("paused until it is resumed"), "{text}");
    for line in ["handoffs counts", "handoffs show courses/a", "doctor"] {
        let (_, text) = db.text(&sandbox, line);
        assert!(!text.contains('\u{1b}'), "{line}: {text}");
        assert_eq!(text.contains("paused until it is resumed"), line != "handoffs counts", "{line}: {text}");
    }
    for (line, code) in [
        ("handoffs pause plain --key x", "no_limit_key"),
        ("handoffs resume plain --key x", "no_limit_key"),
        ("handoffs pause hok", "no_such_pipeline"),
        ("handoffs resume hok", "no_such_pipeline"),
    ] {
        let (exit, error) = db.json(&sandbox, line);
        assert_eq!((exit, &error["error"]["code"]), (2, &json!(code)), "{line}");
    }
    let (exit, _) = db.json(&sandbox, "handoffs resume hook");
    assert_eq!(exit, 0);
}
