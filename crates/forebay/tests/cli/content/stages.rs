//! The stages: brief, research, curriculum, lessons, validation, voice, and the course that they make.

use std::{
    fs,
    io::Write,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use super::{edit, remove, stage};
use crate::{shown, stored::Stored};

/// Runs a command with a text on its standard input.
fn piped(stage: &Stored, line: &str, input: &str) -> Output {
    let mut process = stage.command(line);
    let mut child =
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Without a database that answers.
fn cut_off(stage: &Stored, line: &str) -> Output {
    stage.command(line).env("FOREBAY_DATABASE_URL", "postgresql://me@127.0.0.1:1/none").output().unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", shown(output)))
}

#[test]
fn a_brief_is_checked() {
    let stage = stage();
    insta::assert_snapshot!("content_brief", stage.run("content brief rust-basics"));
    edit(&stage, "COURSE-BRIEF.md", "- **Duration:** 40 minutes", "- **Duration:** [minutes]\n- **Price:**");
    edit(&stage, "COURSE-BRIEF.md", "## 8. References\n\nThe book.\n", "");
    insta::assert_snapshot!("content_brief_incomplete", stage.run("content brief rust-basics"));
    assert_eq!(stage.value("count(*) from forebay.course_metadata where brief like '%[minutes]%'"), "1");
    remove(&stage, "COURSE-BRIEF.md");
    insta::assert_snapshot!("content_brief_missing", stage.run("content brief rust-basics"));
}

#[test]
fn research_is_checked() {
    let stage = stage();
    insta::assert_snapshot!("content_research", stage.run("content research rust-basics"));
    remove(&stage, "research/content-gaps.md");
    edit(&stage, "research/market-analysis.md", "## Competitors", "## Others");
    insta::assert_snapshot!("content_research_incomplete", stage.run("content research rust-basics"));
}

#[test]
fn a_curriculum_is_checked_and_approved() {
    let stage = stage();
    insta::assert_snapshot!("content_curriculum_check", stage.run("content curriculum check rust-basics"));
    let approve = |by: &str| {
        let mut process = stage.command("content curriculum approve rust-basics --output json");
        process.args(["--by", by]).output().unwrap()
    };
    let approved = document(&approve("Ada Lovelace"));
    assert_eq!(approved["approval"]["approved_by"], "Ada Lovelace");
    assert_eq!(approved["is_repeated"], false);
    assert_eq!(document(&approve("Ada Lovelace"))["is_repeated"], true);
    edit(&stage, "curriculum.yaml", "title: Types", "title: All types");
    let check = stage.json("content curriculum check rust-basics");
    assert_eq!(
        (&check["is_approved"], &check["last_approval"]["approved_by"]),
        (&json!(false), &json!("Ada Lovelace"))
    );
    approve("Grace Hopper");
    insta::assert_snapshot!(
        "content_curriculum_approve",
        stage.run("content curriculum approve rust-basics --by Grace")
    );
    let approvals = stage.json("content show rust-basics")["approvals"].clone();
    let by: Vec<_> = approvals.as_array().unwrap().iter().map(|one| one["approved_by"].clone()).collect();
    assert_eq!(by, ["Grace", "Grace Hopper", "Ada Lovelace"]);
    edit(&stage, "curriculum.yaml", "lesson_id: mover", "lesson_id: borrowing");
    edit(
        &stage,
        "curriculum.yaml",
        "lessons/2.2-vida.md\n        duration: 10min",
        "lessons/2.2-nada.md\n        duration: 20min",
    );
    insta::assert_snapshot!(
        "content_curriculum_refused",
        stage.run("content curriculum approve rust-basics --by Ada")
    );
    assert_eq!(stage.value("count(*) from forebay.curriculum_approvals"), "3");
    insta::assert_snapshot!("content_curriculum_nobody", stage.run("content curriculum approve rust-basics"));
}

#[test]
fn lessons_are_validated() {
    let stage = stage();
    insta::assert_snapshot!("content_validate", stage.run("content validate rust-basics"));
    insta::assert_snapshot!("content_validate_one", stage.run("content validate rust-basics 1.2"));
    let scores = "string_agg(lesson_id || ' ' || validation_status || ' ' || gps_score || ' ' || didatica_score, ', ' \
                  order by lesson_id) from forebay.course_lessons";
    assert_eq!(
        stage.value(scores),
        "borrowing passed 1 1, mover passed 1 1, tipos passed 1 1, vida failed 0.4 0"
    );
    let portuguese = stage.json("content validate rust-basics mover");
    let hook = &portuguese["lessons"][0]["criteria"][3];
    assert_eq!(
        *hook,
        json!({
            "criterion": "hook", "score": "didactics", "is_met": true, "weight": 0.15,
            "evidence": "Gancho: Um valor tem um dono.", "place": "lessons/1.2-mover.md:9",
        })
    );
    assert_eq!(stage.error("content validate rust-basics 9.9"), (Some(2), "no_such_lesson".into()));
}

#[test]
fn lessons_are_written_one_by_one() {
    let stage = stage();
    edit(&stage, "lessons/2.2-vida.md", "vive", "dura");
    let in_folder = "content lesson rust-basics rust-basics/lessons/2.2-vida.md";
    insta::assert_snapshot!("content_lesson", stage.run(in_folder));
    assert_eq!(stage.value("count(*) from forebay.course_lessons where content like '%dura%'"), "1");
    assert_eq!(stage.json("content lesson rust-basics lessons/2.2-vida.md")["num_written"], 0);
    let new = piped(&stage, "content lesson rust-basics - --module 2 --lesson 3", "# The last one\n");
    insta::assert_snapshot!("content_lesson_stdin", shown(&new));
    let path = stage.sandbox.path().join("rust-basics/lessons/2.3-the-last-one.md");
    assert_eq!(fs::read_to_string(path).unwrap(), "# The last one\n");
    stage.write("draft.md", "# Another\n");
    assert_eq!(
        stage.json("content lesson rust-basics draft.md --module 2 --lesson 3")["paths"],
        json!(["lessons/2.3-the-last-one.md"])
    );
    insta::assert_snapshot!("content_lesson_elsewhere", stage.run("content lesson rust-basics draft.md"));
    insta::assert_snapshot!("content_lesson_no_place", stage.run("content lesson rust-basics -"));
    insta::assert_snapshot!("content_lesson_missing", stage.run("content lesson rust-basics nothing.md"));
    assert_eq!(
        stage.error("content lesson rust-basics rust-basics/curriculum.yaml"),
        (Some(2), "no_lesson_path".into())
    );
    fs::write(stage.sandbox.path().join("latin.md"), b"# A\n\nCaf\xe9\n").unwrap();
    insta::assert_snapshot!(
        "content_lesson_not_utf8",
        stage.run("content lesson rust-basics latin.md --module 2 --lesson 4")
    );
}

#[test]
fn a_bad_line_costs_only_itself() {
    let stage = stage();
    insta::assert_snapshot!("content_lessons", stage.run("content lessons rust-basics"));
    let lines = [
        json!({ "module": 3, "lesson": 1, "slug": "first", "text": "# First\n", "lesson_id": "first" }).to_string(),
        "{\"module\": 3".to_owned(),
        json!({ "module": 3, "lesson": 2 }).to_string(),
        String::new(),
        json!({ "text": "# Nowhere" }).to_string(),
        json!({ "path": "../../etc/passwd", "text": "# Out" }).to_string(),
        json!({ "module": 3, "lesson": 3, "title": "Third", "text": "Third.\n", "measures": { "generation_cost": 0.5 } })
            .to_string(),
    ];
    let output = piped(&stage, "content lessons rust-basics --from -", &lines.join("\n"));
    insta::assert_snapshot!("content_lessons_lines", shown(&output));
    let stored = "string_agg(file_path || ' ' || coalesce(generation_cost::text, '-'), ', ' order by file_path) \
                  from forebay.course_lessons where module_number = 3";
    assert_eq!(stage.value(stored), "lessons/3.1-first.md -, lessons/3.3-third.md 0.5");
    stage.write("lessons.jsonl", &lines[0]);
    let again = stage.json("content lessons rust-basics --from lessons.jsonl");
    assert_eq!((&again["num_lessons"], &again["num_written"]), (&json!(1), &json!(0)));
    insta::assert_snapshot!(
        "content_lessons_no_file",
        stage.run("content lessons rust-basics --from none.jsonl")
    );
}

#[test]
fn a_course_is_shown() {
    let stage = stage();
    stage.run("content validate rust-basics");
    insta::assert_snapshot!("content_voice", stage.run("content voice rust-basics --score 0.93"));
    stage.execute("update forebay.references set first_seen_at = '2019-01-01'");
    stage.json("content tag rust-basics v1 --at 2019-01-02");
    insta::assert_snapshot!("content_status", stage.run("content status rust-basics published"));
    assert_eq!(stage.json("content status rust-basics published")["is_changed"], false);
    insta::assert_snapshot!("content_status_again", stage.run("content status rust-basics published"));
    assert_eq!(stage.error("content status go-basics draft"), (Some(2), "course_unknown".into()));
    stage.execute(
        "select forebay_private.ensure_month('content_performance', '2019-01-03'); \
         insert into forebay.content_performance select piece_id, '2019-01-03', 0.5, 'completion_rate' \
         from forebay.content_pieces",
    );
    insta::assert_snapshot!("content_show", stage.run("content show rust-basics"));
    insta::assert_snapshot!("content_show_lesson", stage.run("content show rust-basics vida"));
    assert_eq!(stage.error("content show go-basics"), (Some(2), "course_unknown".into()));
    assert_eq!(stage.error("content show rust-basics 9.9"), (Some(2), "no_such_lesson".into()));
    insta::assert_snapshot!("content_voice_bad", stage.run("content voice rust-basics --score 1.5"));
}

#[test]
fn a_database_that_fails_is_a_warning() {
    let stage = stage();
    for line in [
        "content brief rust-basics",
        "content research rust-basics",
        "content curriculum approve rust-basics --by Ada",
        "content lessons rust-basics",
        "content voice rust-basics --score 0.5",
    ] {
        let output = cut_off(&stage, &format!("{line} --output json"));
        // Only a score leaves nothing done.
        let code = if line.contains("voice") { 4 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{line}: {}", shown(&output));
        assert_eq!(document(&output)["database"]["status"], "failed", "{line}");
        assert_eq!(document(&output)["database"]["error"]["code"], "database_unreachable", "{line}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("the database was not written"),
            "{line}: {}",
            shown(&output)
        );
        let off = document(&cut_off(&stage, &format!("{line} --persist off --output json")));
        assert_eq!(off["database"], json!({ "status": "off", "error": null, "sync": null }), "{line}");
    }
    // In shadow mode, errors are only counted.
    let shadow = cut_off(&stage, "content brief rust-basics --persist shadow --output json");
    assert_eq!(document(&shadow)["database"]["status"], "failed");
    assert_eq!(String::from_utf8_lossy(&shadow.stderr), "");
    let shadow = cut_off(&stage, "content voice rust-basics --score 0.5 --persist shadow");
    assert_eq!(shadow.status.code(), Some(0), "{}", shown(&shadow));
    let off = stage
        .command("content brief rust-basics --output json")
        .env("CREATOR_OS_DB_PERSIST", "false")
        .output();
    assert_eq!(document(&off.unwrap())["database"]["status"], "off");
    assert_eq!(stage.value("count(*) from forebay.content_pieces"), "0");
    // The approval is in the folder, so the database can have it later.
    let approved = stage.json("content curriculum approve rust-basics --by Ada");
    assert_eq!(approved["is_repeated"], true);
    assert_eq!(stage.value("count(*) from forebay.curriculum_approvals"), "1");
}
