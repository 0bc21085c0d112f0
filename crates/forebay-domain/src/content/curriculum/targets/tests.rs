//! Paths as generators write them, and as an attacker would.

use std::fmt::Write as _;

use super::*;
use crate::content::layout::LayoutSettings;

fn layout(preset: Preset) -> Layout {
    Layout::new(&LayoutSettings { preset: Some(preset), ..LayoutSettings::default() }).unwrap()
}

/// The files of lessons with these fields, in the course `ml`; the code and line of what cannot be written.
fn found(preset: Preset, lessons: &[&str], files: &[&str]) -> Vec<String> {
    let mut text = "modules:\n  - number: 1\n    lessons:\n".to_owned();
    for lesson in lessons {
        writeln!(text, "      - {{{lesson}}}").unwrap();
    }
    let (curriculum, mut problems) = Curriculum::read("curriculum.yaml", &text).unwrap();
    let lesson_files: BTreeSet<RelativePath> =
        files.iter().map(|path| RelativePath::parse(path).unwrap()).collect();
    let names = files.iter().map(|path| (*path).to_owned()).collect();
    problems.extend(super::super::check(&curriculum, "curriculum.yaml", &names));
    let places = Places {
        curriculum: "curriculum.yaml",
        slug: &Slug::parse("ml").unwrap(),
        layout: &layout(preset),
        lesson_files: &lesson_files,
    };
    let show = |target: Target<'_>| match target.file {
        Ok(path) => path.to_string(),
        Err(problem) => format!("{} {}:{}", problem.code, problem.path, problem.line.unwrap()),
    };
    targets(&curriculum, &places, &problems).into_iter().map(show).collect()
}

fn one(path: &str) -> String {
    found(Preset::CreatorOs, &[&format!("file_path: \"{path}\"")], &[]).remove(0)
}

#[test]
fn a_path_is_accepted_from_wherever_the_generator_saw_it() {
    for path in [
        "lessons/1.1-intro.md",
        "./lessons/1.1-intro.md",
        "1.1-intro.md",
        "outputs/courses/ml/lessons/1.1-intro.md",
        "elsewhere/lessons/1.1-intro.md",
        "/home/me/outputs/courses/ml/lessons/1.1-intro.md",
    ] {
        assert_eq!(one(path), "lessons/1.1-intro.md", "{path}");
    }
    // Every path is one of a lesson here, so only the name of the course tells where its folder begins.
    let markdown = |path: &str| found(Preset::Markdown, &[&format!("file_path: {path}")], &[]).remove(0);
    assert_eq!(markdown("outputs/ml/basics/intro.md"), "basics/intro.md");
    assert_eq!(markdown("outputs/html/intro.md"), "outputs/html/intro.md");
}

#[test]
fn a_path_that_is_no_lesson_is_refused_with_its_line() {
    for (path, code) in [
        ("../../etc/passwd", "unsafe_path"),
        ("../../lessons/1.1-intro.md", "unsafe_path"),
        ("/etc/cron.d/lessons/1.1-intro.md", "unsafe_path"),
        ("lessons/../../1.1-intro.md", "unsafe_path"),
        ("lessons/1.1-a\\tb.md", "unsafe_path"),
        ("/x/ml/../../lessons/1.1-a.md", "invalid_value"),
        ("curriculum.yaml", "invalid_value"),
        ("COURSE-BRIEF.md", "invalid_value"),
        (".forebay/state.json", "invalid_value"),
        ("lessons/.hidden.md", "invalid_value"),
        ("resources/1.1-intro.md", "invalid_value"),
    ] {
        assert_eq!(one(path), format!("{code} curriculum.yaml:4"), "{path}");
    }
}

#[test]
fn a_lesson_without_a_path_gets_the_usual_name() {
    let lessons = ["title: Olá mundo", "number: 2, lesson_id: ML-7", "number: 3, title: \"日本\""];
    let files = ["lessons/1.2-renamed.md"];
    assert_eq!(
        found(Preset::CreatorOs, &lessons, &files),
        ["lessons/1.1-ola-mundo.md", "lessons/1.2-renamed.md", "lessons/1.3-lesson.md"]
    );
    assert_eq!(found(Preset::Hugo, &["title: Olá"], &[]), ["missing_field curriculum.yaml:4"]);
}

#[test]
fn two_lessons_never_share_a_file() {
    let lessons = [
        "number: 1, file_path: lessons/1.1-a.md",
        "number: 2, file_path: lessons/1.1-A.md",
        "number: 3, title: c",
    ];
    assert_eq!(
        found(Preset::CreatorOs, &lessons, &[]),
        ["lessons/1.1-a.md", "path_collision curriculum.yaml:5", "lessons/1.3-c.md"]
    );
    assert_eq!(
        found(Preset::CreatorOs, &["file_path: lessons/1.1-caf\u{e9}.md"], &["lessons/1.1-cafe\u{301}.md"]),
        ["path_collision curriculum.yaml:4"]
    );
}

#[test]
fn a_lesson_with_an_error_stops_only_itself() {
    let lessons =
        ["number: 1, title: a", "number: 1, title: b", "number: 3, title: [c]", "number: 4, title: d"];
    assert_eq!(
        found(Preset::CreatorOs, &lessons, &[]),
        [
            "lessons/1.1-a.md",
            "duplicate_number curriculum.yaml:5",
            "wrong_type curriculum.yaml:6",
            "lessons/1.4-d.md"
        ]
    );
}
