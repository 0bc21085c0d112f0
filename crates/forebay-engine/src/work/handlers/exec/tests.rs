//! Runs real processes: small shell scripts.

use std::{os::unix::fs::PermissionsExt, sync::Mutex, time::Duration};

use forebay_domain::{
    handoff::{Change, FailureClass},
    identity::{ReferenceId, VersionHash},
};
use forebay_store::pipelines::Limits;
use jiff::SignedDuration;

use super::*;

fn spec(config: Value) -> PipelineSpec {
    PipelineSpec {
        name: "command".to_owned(),
        source_name: None,
        entity_types: Vec::new(),
        changed_fields: Vec::new(),
        handler: "exec".to_owned(),
        config,
        retry: json!({}),
        limits: Limits::default(),
        worker_role: None,
        enabled: true,
        project: None,
    }
}

fn script(text: &str, timeout: &str) -> Exec {
    Exec::open(&spec(json!({"command": ["sh", "-c", text], "timeout": timeout}))).unwrap()
}

fn id(number: usize) -> ReferenceId {
    ReferenceId::compute("courses", &number.to_string())
}

fn events(count: usize) -> Vec<Event> {
    let event = |number: usize| Event {
        reference_id: id(number),
        source: "courses".to_owned(),
        entity_type: "course".to_owned(),
        record_key: number.to_string(),
        change: Change::Added,
        payload_hash: VersionHash::of(b"{}"),
        generation: 1,
        attempt: 1,
        version: 1,
        changed_at: "2026-03-01T12:00:00Z".parse().unwrap(),
        payload: Some("{\"seats\":1.10,\n\"title\":\"ü\"}".to_owned()),
        skew: SignedDuration::ZERO,
        span: tracing::Span::none(),
    };
    (0..count).map(event).collect()
}

/// A shell command that prints a verdict.
fn say(number: usize, rest: &str) -> String {
    format!("echo '{{\"reference_id\":\"{}\",{rest}}}'\n", id(number))
}

const DONE: &str = r#""status":"done""#;
/// Answers each event in the order of the input.
const ANSWER_ALL: &str =
    r#"sed -n 's/.*"reference_id":"\([^"]*\)".*/{"reference_id":"\1","status":"done"}/p'"#;

async fn run(text: &str, count: usize) -> Vec<Outcome> {
    deliver(&script(text, "5m"), count).await.unwrap()
}

/// The outcomes in the order of the events; each is answered once.
async fn deliver(exec: &Exec, count: usize) -> Result<Vec<Outcome>> {
    let outcomes = Mutex::new(vec![None; count]);
    let answer = |place: usize, outcome: Outcome| {
        assert_eq!(outcomes.lock().unwrap()[place].replace(outcome), None, "{place}");
    };
    exec.deliver(&events(count), &answer).await?;
    Ok(outcomes.into_inner().unwrap().into_iter().map(Option::unwrap).collect())
}

fn reason(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed { reason_code, .. } => reason_code,
    }
}

fn message(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Done => "",
        Outcome::Failed { message, .. } => message,
    }
}

/// Waits until a condition holds, and panics after a timeout.
async fn until(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), wait).await.expect("timed out");
}

/// Whether a process has ended: it no longer exists, or is a zombie.
fn has_ended(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.is_empty() || stat.rsplit(") ").next().unwrap().starts_with('Z')
}

#[tokio::test]
async fn a_large_batch_is_answered_in_order() {
    let outcomes = run(ANSWER_ALL, 5000).await;
    assert_eq!(outcomes, vec![Outcome::Done; 5000]);
}

#[tokio::test]
async fn verdicts_come_in_any_order_and_the_first_counts() {
    let text = [
        say(2, r#""status":"failed","class":"permanent","reason_code":"too_big","message":"no\nway""#),
        say(0, DONE),
        say(2, DONE),
        say(1, r#""status":"failed","class":"throttled","reason_code":"busy","retry_after_seconds":1.5"#),
        say(3, r#""status":"failed","retry_after_seconds":1e300"#),
    ];
    let text = text.concat().replace("\\n", "\\\\n");
    let outcomes = run(&format!("cat > /dev/null\n{}", text.replace("echo '", "printf '%b\\n' '")), 4).await;
    let failed = |class, reason_code: &str, message: &str, retry_after| Outcome::Failed {
        class,
        reason_code: reason_code.to_owned(),
        message: message.to_owned(),
        retry_after,
    };
    assert_eq!(outcomes[0], Outcome::Done);
    let wait = SignedDuration::from_millis(1500);
    assert_eq!(outcomes[1], failed(FailureClass::Throttled, "busy", "", Some(wait)));
    assert_eq!(outcomes[2], failed(FailureClass::Permanent, "too_big", "no way", None));
    let day = SignedDuration::from_hours(24);
    assert_eq!(outcomes[3], failed(FailureClass::Transient, "exec_reported", "", Some(day)));
}

#[tokio::test]
async fn malformed_verdicts_are_reported() {
    for (line, expected) in [
        ("echo hello\n".to_owned(), "line 1 of the command's output is not a JSON object"),
        (say(9, DONE), "not in this batch"),
        (say(0, r#""status":"maybe""#), "`status`"),
        (say(0, r#""status":"failed","class":"lost""#), "`class`"),
        (say(0, r#""status":"failed","reason_code":"No Word""#), "`reason_code`"),
        (say(0, r#""status":"failed","retry_after_seconds":-1"#), "`retry_after_seconds`"),
        ("head -c 100000 /dev/zero | tr '\\0' x; echo\n".to_owned(), "too long"),
    ] {
        let outcomes = run(&format!("{line}{}", say(1, DONE)), 2).await;
        assert_eq!((reason(&outcomes[0]), reason(&outcomes[1])), ("exec_bad_verdict", "done"), "{line}");
        assert!(message(&outcomes[0]).contains(expected), "{}", message(&outcomes[0]));
    }
    // A valid verdict may follow an invalid one.
    let corrected = run(&format!("{}{}", say(0, r#""status":"maybe""#), say(0, DONE)), 1).await;
    assert_eq!(corrected, [Outcome::Done]);
    assert_eq!(reason(&run("true", 1).await[0]), "exec_no_verdict");
}

#[tokio::test]
async fn a_verdict_counts_while_the_command_still_runs() {
    let exec = script(&format!("{}exec sleep 1000", say(1, DONE)), "1000s");
    let (events, answered) = (events(2), tokio::sync::Notify::new());
    let answer = |place: usize, outcome: Outcome| {
        assert_eq!((place, outcome), (1, Outcome::Done));
        answered.notify_one();
    };
    tokio::select! {
        result = exec.deliver(&events, &answer) => panic!("the command ended: {result:?}"),
        () = answered.notified() => {}
    }
}

#[tokio::test]
async fn verdicts_before_a_crash_count() {
    let outcomes = run(&format!("read line\n{}echo 'disk full' >&2; exit 3", say(1, DONE)), 2).await;
    assert_eq!((reason(&outcomes[0]), reason(&outcomes[1])), ("exec_failed", "done"));
    let text = message(&outcomes[0]);
    assert!(text.contains("exit status: 3") && text.contains("disk full"), "{text}");
    let outcomes = run("kill -SEGV $$", 1).await;
    assert_eq!(reason(&outcomes[0]), "exec_failed");
    assert!(message(&outcomes[0]).contains("signal: 11"), "{}", message(&outcomes[0]));
}

#[tokio::test]
async fn neither_side_waits_for_the_other() {
    // More than a pipe holds, on both outputs, before anything is read. The command never reads its input.
    let much = "head -c 10000000 /dev/zero | tr '\\0' '\\n'";
    let outcomes = run(&format!("{much}; {much} >&2; {ANSWER_ALL}"), 2000).await;
    assert_eq!(outcomes, vec![Outcome::Done; 2000]);
    let outcomes = run(&format!("exec 0<&-\n{}", say(1999, DONE)), 2000).await;
    assert_eq!((reason(&outcomes[0]), reason(&outcomes[1999])), ("exec_no_verdict", "done"));
}

#[tokio::test]
async fn endless_output_ends_the_command() {
    let outcomes = run(&format!("{}yes", say(0, DONE)), 2).await;
    assert_eq!((reason(&outcomes[0]), reason(&outcomes[1])), ("done", "exec_output_limit"));
}

#[tokio::test]
async fn a_timeout_kills_the_whole_group() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let text = format!("{}sleep 1000 & echo $! > {}; wait", say(0, DONE), file.display());
    let outcomes = deliver(&script(&text, "10s"), 2).await.unwrap();
    assert_eq!((reason(&outcomes[0]), reason(&outcomes[1])), ("done", "exec_timeout"));
    let pid = std::fs::read_to_string(&file).unwrap();
    until(|| has_ended(pid.trim())).await;
}

#[tokio::test]
async fn background_processes_are_killed_with_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let text = format!("{}sleep 1000 & echo $! > {}", say(0, DONE), file.display());
    assert_eq!(run(&text, 1).await, [Outcome::Done]);
    let pid = std::fs::read_to_string(&file).unwrap();
    until(|| has_ended(pid.trim())).await;
}

#[tokio::test]
async fn cancelling_the_delivery_kills_the_group() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let exec = script(&format!("sleep 1000 & echo $! > {}; wait", file.display()), "1000s");
    let written = || std::fs::read_to_string(&file).is_ok_and(|pid| pid.ends_with('\n'));
    tokio::select! {
        outcomes = deliver(&exec, 1) => panic!("the command ended: {outcomes:?}"),
        () = until(written) => {}
    }
    let pid = std::fs::read_to_string(&file).unwrap();
    until(|| has_ended(pid.trim())).await;
}

#[tokio::test]
async fn secrets_are_passed_on_only_if_they_are_named() {
    // Cargo sets these for every test.
    let secrets = ["CARGO_PKG_NAME", "CARGO_PKG_DESCRIPTION"];
    forebay_sources::environment::keep_from_programs(secrets.map(str::to_owned));
    let text = r#"echo "${CARGO_PKG_DESCRIPTION-none} ${CARGO_PKG_NAME+named} ${CARGO_MANIFEST_DIR+inherited}" >&2; exit 1"#;
    let config = json!({"command": ["sh", "-c", text], "env": ["CARGO_PKG_NAME", "NOT_SET_ANYWHERE"]});
    let outcomes = deliver(&Exec::open(&spec(config)).unwrap(), 1).await.unwrap();
    assert!(
        message(&outcomes[0]).ends_with("its last output: none named inherited"),
        "{}",
        message(&outcomes[0])
    );
}

#[tokio::test]
async fn secrets_that_the_command_prints_are_masked() {
    // Cargo sets it for every test.
    let named = json!(["CARGO_PKG_NAME"]);
    let secret = env!("CARGO_PKG_NAME");
    let run = async |text: &str| {
        let config = json!({"command": ["sh", "-c", text], "env": named});
        let outcomes = deliver(&Exec::open(&spec(config)).unwrap(), 1).await.unwrap();
        message(&outcomes[0]).to_owned()
    };
    let message = run("echo \"key $CARGO_PKG_NAME for postgres://me:pw@db/x\" >&2; exit 1").await;
    assert!(message.ends_with("its last output: key *** for postgres://***@db/x"), "{message}");
    // The kept part begins in the middle of the secret.
    let long =
        format!("printf '%s' \"$CARGO_PKG_NAME\" >&2; printf '%{}s\\nend' x >&2; exit 1", (2 << 10) - 12);
    let message = run(&long).await;
    assert!(message.ends_with("its last output: end"), "{message}");
    let verdict = say(0, r#""status":"failed","message":"not with SECRET""#).replace("SECRET", secret);
    assert_eq!(run(&format!("cat > /dev/null; {verdict}")).await, "not with ***");
}

#[test]
fn an_event_is_one_line_and_keeps_its_digits() {
    let text = line(&events(1)[0]);
    assert_eq!(text.matches('\n').count(), 1);
    assert!(text.contains(r#""seats":1.10"#));
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["reference_id"], id(0).to_string());
    assert_eq!(event["payload"]["title"], "ü");
    let gone = Event { payload: None, ..events(1).remove(0) };
    assert_eq!(serde_json::from_str::<Value>(&line(&gone)).unwrap().get("payload"), Some(&Value::Null));
}

#[tokio::test]
async fn a_program_that_cannot_run_stops_the_pipeline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tool");
    let config = json!({"command": [path.display().to_string()]});
    assert!(Exec::open(&spec(config.clone())).is_err());
    std::fs::write(&path, "#!/bin/sh\n").unwrap();
    assert!(Exec::open(&spec(config.clone())).is_err());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let exec = Exec::open(&spec(config)).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(deliver(&exec, 1).await.unwrap_err().code(), "pipeline_config");
}

#[test]
fn wrong_settings_are_refused_by_name() {
    for (config, expected) in [
        (json!({}), "needs `command`"),
        (json!({"command": []}), "needs `command`"),
        (json!({"command": "sh"}), "`command`"),
        (json!({"command": ["sh"], "batch": 0}), "`batch`"),
        (json!({"command": ["sh"], "concurrency": 257}), "`concurrency`"),
        (json!({"command": ["sh"], "timeout": 5}), "`timeout`"),
        (json!({"command": ["sh"], "timeout": "25h"}), "`timeout`"),
        (json!({"command": ["sh"], "env": ["A=b"]}), "`env`"),
        (json!({"command": ["sh"], "directory": "/nowhere/at/all"}), "`directory`"),
        (json!({"command": ["no-such-program-anywhere"]}), "no program"),
        (json!({"command": ["sh"], "shell": true}), "no setting `shell`"),
    ] {
        let message = Exec::open(&spec(config)).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(script("true", "1d").group(), 100);
}
