//! `content serve-stdio`: calls on standard input, answers on standard output.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::{Child, ChildStdout, Stdio},
};

use serde_json::{Value, json};

use crate::{Sandbox, database::database, server::Server};

/// A running program; dropping it kills it.
struct Calls {
    child: Child,
    answers: BufReader<ChildStdout>,
    num_calls: u64,
}

impl Calls {
    fn start(sandbox: &Sandbox, url: &str, line: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = sandbox.command(&format!("content serve-stdio {line}"));
        command.env("FOREBAY_DATABASE_URL", url).envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, answers, num_calls: 0 }
    }

    /// Sends a line and reads the answer.
    fn line(&mut self, line: &[u8]) -> Value {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(line).unwrap();
        input.write_all(b"\n").unwrap();
        let mut answer = String::new();
        assert!(self.answers.read_line(&mut answer).unwrap() > 0, "the program ended");
        serde_json::from_str(&answer).unwrap()
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.num_calls += 1;
        let id = self.num_calls;
        let answer =
            self.line(json!({ "id": id, "method": method, "params": params }).to_string().as_bytes());
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    fn result(&mut self, method: &str, params: &Value) -> Value {
        let mut answer = self.call(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    fn error(&mut self, method: &str, params: &Value) -> (String, Value) {
        let answer = self.call(method, params);
        assert!(answer.get("result").is_none(), "{method}: {answer}");
        (answer["error"]["code"].as_str().unwrap().to_owned(), answer["error"].clone())
    }

    /// Closes the input; the program ends by itself.
    fn end(mut self) -> Option<i32> {
        drop(self.child.stdin.take());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        // It fails only if the process has ended.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

fn lesson(module: u32, number: u32) -> Value {
    json!({
        "module": module,
        "lesson": number,
        "text": format!("# Lesson {module}.{number}\n\nText.\n"),
        "lesson_id": format!("L{module}{number}"),
        "title": format!("Part {number}"),
        "measures": { "generation_seconds": 1.5, "num_retries": 2 },
    })
}

#[test]
fn a_generator_writes_and_reads_a_course() {
    let (sandbox, db) = (Sandbox::new(), database());
    let mut calls = Calls::start(&sandbox, &db.url, "", &[]);
    let opened = calls.result("open", &json!({ "folder": "courses/rust-basics", "create_parents": true }));
    assert_eq!(opened["course"], "rust-basics");
    assert_eq!((&opened["persist"], &opened["layout"]), (&json!("on"), &json!("creator-os")));
    let course = json!({
        "brief": "# Rust\n",
        "curriculum": "course:\n  title: Rust from the start\nmodules: []\n",
        "research": { "sources": "# Sources\n" },
        "lessons": [lesson(1, 1), lesson(1, 2)],
    });
    let written = calls.result("persist_course", &course);
    assert_eq!(
        (&written["num_written"], &written["database"]["status"]),
        (&json!(5), &json!("done")),
        "{written}"
    );
    let written = calls.result("persist_course", &course);
    assert_eq!(
        (&written["num_written"], &written["database"]["sync"]),
        (&json!(0), &json!(null)),
        "{written}"
    );
    calls.result("persist_metadata", &json!({ "outline": "# Outline\n" }));
    calls.result("persist_research", &json!({ "content_gaps": "# Gaps\n" }));
    calls.result("update_curriculum", &json!({ "text": "course:\n  title: Rust again\nmodules: []\n" }));
    let written = calls.result("persist_lesson", &lesson(2, 1));
    assert_eq!(written["paths"], json!(["lessons/2.1-part-1.md"]));
    let mut hostile = lesson(2, 2);
    hostile["path"] = json!("../outside.md");
    let written = calls.result("persist_lessons_batch", &json!({ "lessons": [hostile, lesson(2, 3)] }));
    assert_eq!(written["refused"][0]["error"]["code"], "unsafe_path", "{written}");
    assert_eq!(written["paths"], json!(["lessons/2.3-part-3.md"]));
    let measures =
        json!({ "gps_score": 0.75, "validation_status": "passed", "validation_issues": [{ "code": "x" }] });
    let validation = json!({ "module": 2, "lesson": 1, "measures": measures });
    assert_eq!(calls.result("update_lesson_validation", &validation)["status"], "done");
    assert_eq!(calls.result("update_voice_fidelity", &json!({ "score": 0.9 }))["status"], "done");
    assert_eq!(calls.result("set_status", &json!({ "status": "published" }))["status"], "done");
    let performance =
        json!({ "metric": "completion_rate", "value": 0.5, "recorded_at": "2026-11-28T10:00:00Z" });
    assert_eq!(calls.result("record_performance", &performance)["status"], "done");
    assert_eq!(calls.result("record_performance", &performance)["status"], "done", "a repeated call");
    let views = json!({ "metric": "views", "value": 10, "recorded_at": "2026-11-28T10:00:00Z" });
    calls.result("record_performance", &views);

    let course = calls.result("get_course", &json!({}))["course"].take();
    assert_eq!((&course["title"], &course["voice_fidelity_score"]), (&json!("Rust again"), &json!(0.9)));
    assert_eq!(course["status"], "published");
    assert_eq!(course["metadata"]["outline"], "# Outline\n");
    assert_eq!(course["research"]["content_gaps"], "# Gaps\n");
    assert_eq!(course["performance"].as_array().unwrap().len(), 2);
    let lessons = course["lessons"].as_array().unwrap();
    assert_eq!(lessons.len(), 4);
    assert_eq!((&lessons[2]["gps_score"], &lessons[2]["num_retries"]), (&json!(0.75), &json!(2)));
    assert_eq!(lessons[2]["validation_issues"], json!([{ "code": "x" }]));
    assert!(lessons[0]["content"].as_str().unwrap().starts_with("---\nlesson_id: L11\ntitle: Part 1\n---\n"));
    let course = calls.result("get_course", &json!({ "content": false }))["course"].take();
    assert_eq!(course["lessons"][0]["content"], json!(null));

    let verified = calls.result("verify", &json!({}));
    assert_eq!((&verified["status"], &verified["verification"]["is_clean"]), (&json!("done"), &json!(true)));
    fs::write(sandbox.path().join("courses/rust-basics/resources.txt"), "x").unwrap();
    let found = calls.result("persist_folder", &json!({}));
    assert_eq!(found["sync"]["actions"][0]["path"], "resources.txt", "{found}");
    let counts = calls.result("counts", &json!({}));
    assert_eq!(counts["num_failed"], 0);
    assert_eq!(calls.result("close", &json!({})), counts);
    assert_eq!(calls.end(), Some(0));
    assert!(!sandbox.path().join("courses/outside.md").exists());
}

#[test]
fn mistakes_are_answers_and_the_program_goes_on() {
    let (sandbox, db) = (Sandbox::new(), database());
    let mut calls = Calls::start(&sandbox, &db.url, "--max-line 2KiB", &[]);
    for (line, code) in [
        (&b"{"[..], "call_invalid"),
        (b"\xff\x00", "call_invalid"),
        (b"[1]", "call_invalid"),
        (b"{\"method\": 3}", "call_invalid"),
        (&[b'x'; 3000], "call_too_long"),
    ] {
        let answer = calls.line(line);
        assert_eq!((&answer["id"], answer["error"]["code"].as_str()), (&json!(null), Some(code)), "{answer}");
    }
    assert_eq!(calls.error("persist_folder", &json!({})).0, "course_not_open");
    assert_eq!(calls.error("close", &json!({})).0, "course_not_open");
    let (code, error) = calls.error("persist_leson", &json!({}));
    assert_eq!((code.as_str(), &error["hint"]), ("method_unknown", &json!("did you mean `persist_lesson`?")));
    assert_eq!(calls.error("open", &json!({})).0, "params_invalid");
    assert_eq!(calls.error("open", &json!({ "folder": "c", "persist": "maybe" })).0, "params_invalid");
    assert_eq!(calls.error("open", &json!({ "folder": "c", "layout": "gitbook" })).0, "params_invalid");
    assert_eq!(
        calls.error("open", &json!({ "folder": "c", "layout": { "lessons": [] } })).0,
        "layout_no_lessons"
    );
    let (code, error) = calls.error("open", &json!({ "folder": "c", "course": "../X" }));
    assert_eq!((code.as_str(), &error["hint"]), ("invalid_value", &json!("Use `x`")));
    fs::write(sandbox.path().join("file"), "").unwrap();
    assert_eq!(calls.error("open", &json!({ "folder": "file" })).0, "content_folder_missing");
    let (code, error) = calls.error("open", &json!({ "folder": "cuorses/c" }));
    assert_eq!(
        (code.as_str(), &error["message"]),
        ("content_folder_missing", &json!("there is no folder cuorses"))
    );
    assert!(error["hint"].as_str().unwrap().contains("create_parents"), "{error}");
    assert!(!sandbox.path().join("cuorses").exists(), "a mistyped path makes no folder");

    calls.result("open", &json!({ "folder": "c" }));
    assert_eq!(calls.error("persist_folder", &json!({ "extra": 1 })).0, "params_invalid");
    assert_eq!(calls.error("persist_lesson", &json!({ "text": 3 })).0, "params_invalid");
    assert_eq!(calls.error("persist_lesson", &json!({ "text": "", "module": 1 })).0, "params_invalid");
    assert_eq!(
        calls.error("persist_lesson", &json!({ "text": "", "module": -1, "lesson": 1 })).0,
        "params_invalid"
    );
    let (code, error) = calls.error("persist_lesson", &json!({ "text": "", "path": "lessons/../../x.md" }));
    assert_eq!((code.as_str(), &error["place"]), ("unsafe_path", &json!("lessons/../../x.md")));
    let missing = json!({ "path": "lessons/9.9-x.md", "measures": {} });
    assert_eq!(calls.error("update_lesson_validation", &missing).0, "content_file_missing");
    let unnamed = json!({ "metric": "", "value": 1, "recorded_at": "2026-11-28T10:00:00Z" });
    assert_eq!(calls.error("record_performance", &unnamed).0, "measurement_invalid");
    // Without a time, a repeated call would be a second measurement.
    assert_eq!(
        calls.error("record_performance", &json!({ "metric": "views", "value": 1 })).0,
        "params_invalid"
    );
    assert_eq!(calls.error("update_voice_fidelity", &json!({ "score": 7 })).0, "value_out_of_range");
    assert_eq!(calls.error("set_status", &json!({ "status": "public" })).0, "params_invalid");
    // A folder is written by one process.
    let mut other = Calls::start(&sandbox, &db.url, "", &[]);
    assert_eq!(other.error("open", &json!({ "folder": "c" })).0, "content_folder_locked");
    // Opening another course closes this one.
    calls.result("open", &json!({ "folder": "d" }));
    other.result("open", &json!({ "folder": "c" }));
    assert_eq!((calls.end(), other.end()), (Some(0), Some(0)));
}

#[test]
fn the_flag_decides_whether_the_database_is_written() {
    let (sandbox, db) = (Sandbox::new(), database());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("postgresql://forebay@{}/none", listener.local_addr().unwrap());
    let off = ("CREATOR_OS_DB_PERSIST", "false");
    fs::write(
        sandbox.path().join("forebay.toml"),
        "[content]\npersist = \"shadow\"\nproject = \"academy\"\n",
    )
    .unwrap();

    let mut calls = Calls::start(&sandbox, &url, "", &[off]);
    let opened = calls.result("open", &json!({ "folder": "c" }));
    assert_eq!((&opened["persist"], &opened["project"]), (&json!("off"), &json!("academy")));
    let written = calls.result("persist_lesson", &lesson(1, 1));
    assert_eq!((&written["num_written"], &written["database"]["status"]), (&json!(1), &json!("off")));
    assert_eq!(calls.result("get_course", &json!({}))["status"], "off");
    assert_eq!(calls.end(), Some(0));
    assert!(listener.accept().is_err(), "off opens no connection");

    let mode = |variables: &[(&str, &str)], params: &Value| {
        Calls::start(&sandbox, &db.url, "", variables).result("open", params)["persist"].clone()
    };
    assert_eq!(mode(&[], &json!({ "folder": "c" })), "shadow");
    assert_eq!(mode(&[("CREATOR_OS_DB_PERSIST", "")], &json!({ "folder": "c" })), "shadow");
    assert_eq!(mode(&[("CREATOR_OS_DB_PERSIST", "true")], &json!({ "folder": "c" })), "on");
    assert_eq!(mode(&[off], &json!({ "folder": "c", "persist": "on", "project": "other" })), "on");
    let mut calls = Calls::start(&sandbox, &db.url, "", &[("CREATOR_OS_DB_PERSIST", "yes")]);
    let (code, error) = calls.error("open", &json!({ "folder": "c" }));
    assert_eq!((code.as_str(), &error["hint"]), ("persist_flag_invalid", &json!("set it to true or false")));
}

#[test]
fn a_database_that_stops_costs_no_lesson() {
    let (sandbox, server) = (Sandbox::new(), Server::start());
    let mut up = sandbox.command("db up");
    assert!(up.env("FOREBAY_DATABASE_URL", &server.url).output().unwrap().status.success());
    let mut calls = Calls::start(&sandbox, &server.url, "", &[]);
    calls.result("open", &json!({ "folder": "c" }));
    assert_eq!(calls.result("persist_lesson", &lesson(1, 1))["database"]["status"], "done");
    server.stop();
    for number in 2..=4 {
        let written = calls.result("persist_lesson", &lesson(1, number));
        assert_eq!((&written["num_written"], &written["database"]["status"]), (&json!(1), &json!("failed")));
        assert!(written["database"]["error"]["code"].is_string(), "{written}");
    }
    assert_eq!(calls.result("get_course", &json!({}))["status"], "failed");
    assert_eq!(calls.result("close", &json!({}))["num_persisted"], 1);
    assert_eq!(calls.end(), Some(0));
    server.restart();

    let run = |line: &str| {
        let mut command = sandbox.command(&format!("{line} --output json"));
        let output = command.env("FOREBAY_DATABASE_URL", &server.url).output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), document)
    };
    let (code, verified) = run("content verify c");
    let missing: Vec<&str> =
        verified["differences"].as_array().unwrap().iter().filter_map(|one| one["path"].as_str()).collect();
    assert_eq!(
        (code, missing),
        (Some(1), vec!["lessons/1.2-part-2.md", "lessons/1.3-part-3.md", "lessons/1.4-part-4.md"])
    );
    assert_eq!(run("content sync c").0, Some(0));
    assert_eq!(run("content verify c").0, Some(0));
}
