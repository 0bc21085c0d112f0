//! What programs print, and how they end.

use super::*;

/// A shell script as the program.
fn shell(script: &str) -> Program {
    let command = ["sh", "-c", script].map(str::to_owned);
    Program::find(&command, Duration::from_mins(2), Limits { output: 64 << 10, lesson: 64 << 10 }).unwrap()
}

async fn outcome(program: &Program) -> Result<Produced, AttemptFailure> {
    let lesson = RelativePath::parse("lessons/1.1-intro.md").unwrap();
    program.run(b"{\"title\": \"Intro\"}", &lesson).await.unwrap()
}

async fn run(script: &str) -> Result<Produced, AttemptFailure> {
    outcome(&shell(script)).await
}

async fn failure(script: &str) -> (FailureClass, String, String) {
    let AttemptFailure { class, reason_code, message, .. } = run(script).await.unwrap_err();
    (class, reason_code, message)
}

#[tokio::test]
async fn markdown_is_taken_byte_for_byte() {
    let produced = run("printf '# '; cat; printf '\\r\\n'").await.unwrap();
    assert_eq!(produced.markdown, b"# {\"title\": \"Intro\"}\r\n");
    assert_eq!(produced.cost, None);
}

#[tokio::test]
async fn json_has_a_cost() {
    let produced =
        run(r##"printf '%s' ' {"markdown": "# Intro\n", "cost": 0.25, "model": "any"}'"##).await.unwrap();
    assert_eq!(produced, Produced { markdown: b"# Intro\n".to_vec(), cost: Some(0.25) });
}

#[tokio::test]
async fn a_failure_is_classified_like_that_of_a_handler() {
    let reported = r#"echo '{"status": "failed", "class": "throttled", "reason_code": "model_busy",
        "message": "later", "retry_after_seconds": 7, "cost": 0.5}'"#;
    for end in ["", "; exit 3"] {
        let failure = run(&format!("{reported}{end}")).await.unwrap_err();
        assert_eq!(
            failure,
            AttemptFailure {
                class: FailureClass::Throttled,
                reason_code: "model_busy".to_owned(),
                message: "later".to_owned(),
                retry_after: Some(Duration::from_secs(7)),
                cost: Some(0.5),
            }
        );
    }
    let (class, code, _) = failure(r#"echo '{"status": "failed", "class": "permanent"}'"#).await;
    assert_eq!((class, code.as_str()), (FailureClass::Permanent, "generator_reported"));
    let (class, code, message) = failure("echo '# Half'; echo 'no key' >&2; exit 3").await;
    assert_eq!((class, code.as_str()), (FailureClass::Transient, "generator_failed"));
    assert!(message.contains("exit status: 3") && message.ends_with("its last output: no key"), "{message}");
}

#[tokio::test]
async fn an_output_that_is_no_lesson_is_a_failure() {
    for (script, expected) in [
        ("true", "generator_empty"),
        ("echo '  '", "generator_empty"),
        ("printf '# Caf\\351'", "not_utf8"),
        ("printf '# A\\000B'", "nul_character"),
        ("echo '{\"markdown\": \"# cut o'", "generator_bad_output"),
        ("echo '{{ template }}'", "generator_bad_output"),
        ("echo '{}'", "generator_bad_output"),
        ("echo '{\"markdown\": 3}'", "generator_bad_output"),
        ("echo '{\"markdown\": \"# A\", \"cost\": -1}'", "generator_bad_output"),
        ("echo '{\"status\": \"done\"}'", "generator_bad_output"),
        ("echo '{\"status\": \"failed\", \"class\": \"lost\"}'", "generator_bad_output"),
        ("yes", "generator_output_limit"),
        ("kill -9 $$", "generator_failed"),
    ] {
        let (class, code, message) = failure(script).await;
        assert_eq!((class, code.as_str()), (FailureClass::Transient, expected), "{script}: {message}");
    }
}

#[tokio::test]
async fn a_slow_program_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!("sleep 1000 & echo $! > {}; wait", file.display());
    let program = Program { timeout: Duration::from_secs(5), ..shell(&script) };
    assert_eq!(outcome(&program).await.unwrap_err().reason_code, "generator_timeout");
    let pid = std::fs::read_to_string(&file).unwrap();
    let has_ended = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.is_empty() || stat.rsplit(") ").next().unwrap().starts_with('Z')
    };
    let ended = async {
        while !has_ended() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), ended).await.expect("the child goes on");
}

#[tokio::test]
async fn neither_side_waits_for_the_other() {
    let much = "head -c 1000000 /dev/zero | tr '\\0' x";
    assert!(run(&format!("{much} >&2; echo '# A'")).await.is_ok());
    assert!(run("exec 0<&-; echo '# A'").await.is_ok());
}

#[tokio::test]
async fn a_program_that_cannot_run_is_an_error() {
    let find = |command: &[&str]| {
        let command: Vec<String> = command.iter().map(|text| (*text).to_owned()).collect();
        Program::find(&command, Duration::from_mins(1), Limits { output: 1000, lesson: 1000 })
            .map(|_| ())
            .unwrap_err()
            .code()
    };
    assert_eq!(find(&[]), "generator_unusable");
    assert_eq!(find(&["no-such-program-anywhere"]), "generator_unusable");
    assert_eq!(find(&["sh", "a\0b"]), "generator_unusable");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tool");
    std::fs::write(&path, "neither a script nor a program").unwrap();
    assert_eq!(find(&[path.to_str().unwrap()]), "generator_unusable");
}
