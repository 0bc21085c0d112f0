//! A course, generated from its curriculum.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use super::{Course, Running, SCRIPT, answer, path, until};
use crate::{database::database, json::schema_problems, shown};

/// Rows and runs, which a command that changes nothing leaves as they are.
const STATE: &str = "select string_agg(x, ' ' order by x) from (select xmin::text || lesson_id as x \
     from forebay.course_lessons union all select 'runs ' || count(*)::text from forebay.scrape_runs) as s";

#[test]
fn a_course_of_sixty_lessons_is_in_folder_and_database() {
    let db = database();
    let course = Course::new(&db.url, 5, 12);
    let (exit, report) = answer(&course.generate("--jobs 2").output().unwrap());
    assert_eq!(exit, 0, "{report:#}");
    assert_eq!((&report["num_generated"], &report["database"]["error"]), (&60.into(), &Value::Null));
    assert_eq!(schema_problems("content generate", &report), Vec::<String>::new());
    assert_eq!(course.lessons(), course.expected());
    course.assert_clean();
    let rows = "select count(*) || ' ' || count(distinct (module_number, lesson_number)) || ' ' || \
                count(generation_seconds) || ' ' || min(word_count) from forebay.course_lessons";
    assert_eq!(db.value(rows), "60 60 60 1443");
    let others = "select (select count(*) from forebay.market_research where market_analysis is not null \
                  and content_gaps is not null and differentiation is not null) || ' ' || \
                  (select total_lessons || ' ' || icp from forebay.course_metadata)";
    assert_eq!(db.value(others), "1 60 Python developers.");

    let before = db.value(STATE);
    let (exit, again) = answer(&course.generate("").output().unwrap());
    assert_eq!((exit, &again["num_kept"], &again["num_generated"]), (0, &60.into(), &0.into()), "{again:#}");
    assert_eq!(db.value(STATE), before);
}

#[test]
fn a_lesson_that_fails_stops_no_other() {
    let db = database();
    let course = Course::new(&db.url, 1, 6);
    let mut command = course.generate("--retries 1 --retry-delay 10ms");
    let (exit, report) = answer(&command.env("FAIL", " L1-2 L1-5 ").output().unwrap());
    assert_eq!((exit, &report["num_generated"], &report["num_failed"]), (1, &4.into(), &2.into()));
    let failed = &report["lessons"][1];
    assert_eq!(
        (&failed["reason_code"], &failed["failure_class"], &failed["num_retries"]),
        (&"generator_failed".into(), &"transient".into(), &1.into())
    );
    assert!(failed["message"].as_str().unwrap().ends_with("its last output: no lesson L1-2"), "{failed}");
    course.assert_clean();
    let mut command = course.command("content generate course --retries 0 --command sh lesson.sh");
    let output = command.env("FAIL", " L1-2 ").output().unwrap();
    let text = shown(&output);
    assert!(text.starts_with("exit code: 1"), "{text}");
    assert!(
        text.contains("lessons/1.2-part-2.md generator_failed: the program exited with exit status: 9"),
        "{text}"
    );
    let (exit, report) = answer(&course.generate("").output().unwrap());
    assert_eq!((exit, &report["num_generated"], &report["num_kept"]), (0, &1.into(), &5.into()));
}

#[test]
fn an_interrupted_command_persists_what_is_there_and_continues() {
    let db = database();
    let course = Course::new(&db.url, 2, 6);
    let mut command = course.generate("--jobs 2");
    command.env("DELAY", "0.3");
    let running = Running::start(command);
    until("two lessons are there", || course.lessons().len() >= 2);
    running.signal(Signal::INT);
    let output = running.output();
    let (exit, report) = answer(&output);
    assert_eq!((exit, &report["is_stopped"]), (130, &true.into()), "{}", shown(&output));
    // A lesson may be written and not yet counted when the signal arrives.
    let num_generated = usize::try_from(report["num_generated"].as_u64().unwrap()).unwrap();
    let num_there = course.lessons().len();
    assert!((num_generated..=num_generated + 2).contains(&num_there), "{num_there} lessons, {report}");
    course.assert_clean();
    let (exit, _) = answer(&course.generate("").output().unwrap());
    assert_eq!((exit, course.lessons()), (0, course.expected()));
    course.assert_clean();
}

#[test]
fn a_command_that_cannot_work_is_wrong_usage() {
    let db = database();
    let course = Course::new(&db.url, 1, 2);
    let code = |line: &str| {
        let (exit, document) = course.json(line);
        (exit, document["error"]["code"].as_str().unwrap().to_owned())
    };
    let missing = "--output json content generate course --command no-such-program";
    let (exit, document) = answer(&course.command(missing).output().unwrap());
    assert_eq!((exit, &document["error"]["code"]), (2, &"generator_unusable".into()));
    assert_eq!(code("content generate course"), (2, "usage".to_owned()));
    let unknown = "--output json content generate course --lesson 7.7 --command sh lesson.sh";
    let (exit, document) = answer(&course.command(unknown).output().unwrap());
    assert_eq!((exit, &document["error"]["code"]), (2, &"lesson_unknown".into()));
    assert!(course.lessons().is_empty());
}

#[test]
fn a_hostile_curriculum_is_named_by_line_and_the_other_lessons_land() {
    let db = database();
    let course = Course::new(&db.url, 1, 1);
    let lessons = [
        "lesson_id: A, number: 1, file_path: ../../etc/passwd",
        "lesson_id: L1-2, number: 2, file_path: lessons/1.2-part-2.md",
        "lesson_id: B, number: 3, file_path: lessons/1.2-PART-2.md",
    ];
    let list: Vec<String> = lessons.iter().map(|lesson| format!("      - {{{lesson}}}\n")).collect();
    course.write(
        "curriculum.yaml",
        &format!("course: C\nmodules:\n  - number: 1\n    lessons:\n{}", list.concat()),
    );
    let output = course.command("content generate course --command sh lesson.sh").output().unwrap();
    let text = shown(&output);
    assert!(text.starts_with("exit code: 1"), "{text}");
    assert!(text.contains("error[unsafe_path] curriculum.yaml:5: "), "{text}");
    assert!(text.contains("error[path_collision] curriculum.yaml:7: "), "{text}");
    assert_eq!(course.lessons().keys().collect::<Vec<_>>(), [&path(1, 2)]);
    assert_eq!(db.value("select string_agg(lesson_id, ',') from forebay.course_lessons"), "L1-2");
}

#[test]
fn the_program_gets_the_environment_without_secrets() {
    let db = database();
    let course = Course::new(&db.url, 1, 1);
    let folder = course.sandbox.path();
    let seen = folder.join("seen");
    fs::write(folder.join("lesson.sh"), format!("env > '{}'\n{SCRIPT}", seen.display())).unwrap();
    fs::write(folder.join("forebay.toml"), "[database]\nurl = { env = \"MY_DATABASE\" }\n").unwrap();
    let mut command = course.generate("");
    command.env("PGPASSWORD", "hush").env("MY_DATABASE", "postgres://hush@x/y").env("MODEL", "small");
    let (exit, report) = answer(&command.output().unwrap());
    assert_eq!(exit, 0, "{report:#}");
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("MODEL=small\n"), "{seen}");
    for secret in ["hush", "FOREBAY_DATABASE_URL"] {
        assert!(!seen.contains(secret), "{seen}");
    }
}
