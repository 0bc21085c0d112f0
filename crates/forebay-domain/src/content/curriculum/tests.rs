//! A curriculum is read in its usual spellings, and everything that doesn't add up is reported.

use std::{collections::BTreeSet, fmt::Write as _};

use proptest::prelude::*;

use super::*;
use crate::content::{ProblemCode, Severity};

const PATH: &str = "curriculum.yaml";

const GOOD: &str = "\
course:
  title: Machine learning
  slug: ml
  level: beginner
  type: Técnico
  duration: 1h30
instructor: {name: Ana}
metadata:
  version: 1.10
learning_objectives: [Explain, Apply]
modules:
  - number: 1
    title: Basics
    duration: 60min
    lessons:
      - lesson_id: ML-1
        title: First
        file_path: lessons/1.1-first.md
        objectives: [Say]
        bloom_level: understand
        key_concepts: [model, data]
        duration: 20
      - lesson_id: ML-2
        title: Second
        file_path: ./lessons/1.2-second.md
        duration: 40 minutos
  - id: module-2
    title: More
    lessons:
      - lesson_id: ML-3
        title: Third
        file_path: outputs/courses/ml/lessons/2.1-third.md
        duration: 0.5 hours
";

fn read(text: &str) -> (Curriculum, Vec<Problem>) {
    Curriculum::read(PATH, text).unwrap()
}

fn files(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

fn good_files() -> BTreeSet<String> {
    files(&["lessons/1.1-first.md", "lessons/1.2-second.md", "lessons/2.1-third.md"])
}

/// Code, line and message of what [`check`] finds in a text that reads without problems.
fn checked(text: &str, lesson_files: &[&str]) -> Vec<(ProblemCode, Option<u32>, String)> {
    let (curriculum, problems) = read(text);
    assert_eq!(problems, []);
    let found = check(&curriculum, PATH, &files(lesson_files));
    found.into_iter().map(|one| (one.code, one.line, one.message)).collect()
}

/// A curriculum of modules with these numbers, and lessons with these numbers in them.
fn numbered(modules: &[(u32, &[u32])]) -> String {
    let mut text = "modules:\n".to_owned();
    for (module, lessons) in modules {
        writeln!(text, "  - number: {module}\n    lessons:").unwrap();
        for lesson in *lessons {
            writeln!(text, "      - number: {lesson}").unwrap();
        }
    }
    text
}

fn number_problems(modules: &[(u32, &[u32])]) -> Vec<String> {
    checked(&numbered(modules), &[]).into_iter().map(|(_, _, message)| message).collect()
}

#[test]
fn a_good_curriculum_is_read_and_has_no_problems() {
    let (curriculum, problems) = read(GOOD);
    assert_eq!(problems, []);
    assert_eq!(check(&curriculum, PATH, &good_files()), []);
    let duration = |minutes, line| Some(Duration { minutes, line });
    let expected = Course {
        title: Some("Machine learning".to_owned()),
        slug: Some("ml".to_owned()),
        level: Some("beginner".to_owned()),
        course_type: Some(CourseType::Technical),
        piece_type: None,
        persona_mind_id: None,
        duration: duration(90, 6),
    };
    assert_eq!(curriculum.course, expected);
    assert_eq!(curriculum.learning_objectives, ["Explain", "Apply"]);
    assert_eq!(curriculum.instructor.as_ref().unwrap().pair("name").unwrap().1.text(), Some("Ana"));
    assert_eq!(curriculum.metadata.as_ref().unwrap().pair("version").unwrap().1.text(), Some("1.10"));
    let modules: Vec<_> = curriculum
        .modules
        .iter()
        .map(|one| (one.number, one.title.as_deref().unwrap(), one.duration, one.line))
        .collect();
    assert_eq!(modules, [(1, "Basics", duration(60, 14), 12), (2, "More", None, 27)]);
    let first = PlannedLesson {
        lesson_id: Some("ML-1".to_owned()),
        number: 1,
        title: Some("First".to_owned()),
        file_path: Some("lessons/1.1-first.md".to_owned()),
        objectives: vec!["Say".to_owned()],
        bloom_level: Some(BloomLevel::Understand),
        key_concepts: vec!["model".to_owned(), "data".to_owned()],
        duration: duration(20, 22),
        line: 16,
    };
    assert_eq!(curriculum.modules[0].lessons[0], first);
    let numbers: Vec<_> =
        curriculum.lessons().map(|(module, lesson)| (module.number, lesson.number)).collect();
    assert_eq!(numbers, [(1, 1), (1, 2), (2, 1)]);
}

#[test]
fn the_persona_is_that_of_the_course_or_its_instructor() {
    for (text, expected) in [
        ("course: {persona_mind_id: ada}\ninstructor: {id: bob}", Some("ada")),
        ("mind_id: 007", Some("007")),
        ("instructor: {id: 1.10, name: Ana}", Some("1.10")),
        ("course: {instructor: {mind_id: ada, id: 3}}", Some("ada")),
        ("course: {persona_mind_id: \" \"}", None),
        ("instructor: Ana", None),
        ("persona: Beginners who know Python", None),
    ] {
        let (curriculum, problems) = read(&format!("{text}\nmodules: []\n"));
        assert_eq!((curriculum.course.persona_mind_id.as_deref(), problems), (expected, vec![]), "{text}");
    }
    let (curriculum, problems) = read("course: {piece_type: workshop, persona_mind_id: [a]}\nmodules: []\n");
    assert_eq!(curriculum.course.piece_type.as_deref(), Some("workshop"));
    assert_eq!(problems[0].code, ProblemCode::WrongType);
}

#[test]
fn spellings_are_tolerated() {
    let text = "\u{feff}titulo: Curso\nnivel: básico\ntipo: misto\nhoras: 1.5\nobjetivos: um\nmodulos:\n  - nome: A\n    \
        aulas:\n      - Só um título\n      - id: M1L5\n        nome: B\n        arquivo: 1.5-b.md\n        conceitos_chave: [x]\n";
    let (curriculum, problems) = read(text);
    assert_eq!(problems, []);
    assert_eq!(curriculum.course.title.as_deref(), Some("Curso"));
    assert_eq!(curriculum.course.level.as_deref(), Some("básico"));
    assert_eq!(curriculum.course.course_type, Some(CourseType::Mixed));
    assert_eq!(curriculum.course.duration.unwrap().minutes, 90);
    assert_eq!(curriculum.learning_objectives, ["um"]);
    let lessons = &curriculum.modules[0].lessons;
    assert_eq!((lessons[0].number, lessons[0].title.as_deref()), (1, Some("Só um título")));
    assert_eq!((lessons[1].number, lessons[1].title.as_deref()), (5, Some("B")));
    assert_eq!(lessons[1].key_concepts, ["x"]);

    let (curriculum, _) = read("course: The name\nlevel: expert\ncourse_type: conceitual\nmodules: []\n");
    assert_eq!(curriculum.course.title.as_deref(), Some("The name"));
    assert_eq!(curriculum.course.level.as_deref(), Some("expert"));
    assert_eq!(curriculum.course.course_type, Some(CourseType::Conceptual));
    let (curriculum, _) = read("course:\n  title: T\n  modules:\n    - order: 4\n      lessons: []\n");
    assert_eq!(curriculum.modules[0].number, 4);
}

#[test]
fn the_number_of_a_lesson_comes_from_the_first_that_has_one() {
    let number = |fields: &str| {
        let (curriculum, problems) =
            read(&format!("modules:\n  - lessons:\n      - title: first\n      - {fields}\n"));
        assert_eq!(problems, []);
        curriculum.modules[0].lessons[1].number
    };
    assert_eq!(number("{number: 7, id: '1.8'}"), 7);
    assert_eq!(number("{number: 1.10}"), 10);
    assert_eq!(number("{id: '1.8', file: lessons/1.9-x.md}"), 8);
    assert_eq!(number("{id: lesson-1-8}"), 8);
    assert_eq!(number("{id: intro-to-2026, file: lessons/1.9-x.md}"), 9);
    assert_eq!(number("{id: abc, file: lessons/intro.md}"), 2);
    assert_eq!(number("{title: x}"), 2);
}

#[test]
fn wrong_values_are_reported_and_the_rest_is_read() {
    let text = "course:\n  title: [a]\n  type: other\n  duration: soon\nmodules:\n  - text\n  - title: M\n    number: one\n    \
        lessons:\n      - [x]\n      - title: L\n        bloom_level: high\n        duration: {a: b}\n";
    let (curriculum, problems) = read(text);
    let found: Vec<_> =
        problems.iter().map(|one| (one.code, one.line.unwrap(), one.message.as_str())).collect();
    let expected = [
        (ProblemCode::WrongType, 2, "course.title must be a single value, not a list"),
        (ProblemCode::InvalidValue, 3, "course.type must be one of technical, conceptual, mixed"),
        (
            ProblemCode::InvalidValue,
            4,
            "course.duration is not a duration such as 45, 45min, 1h30 or 1.5 hours",
        ),
        (ProblemCode::WrongType, 6, "modules[1] must be a mapping, not \"text\""),
        (ProblemCode::WrongType, 8, "modules[2].number must be a whole number, not \"one\""),
        (ProblemCode::WrongType, 10, "modules[2].lessons[1] must be a mapping, not a list"),
        (
            ProblemCode::InvalidValue,
            12,
            "modules[2].lessons[2].bloom_level must be one of remember, understand, apply, analyze, evaluate, create",
        ),
        (ProblemCode::WrongType, 13, "modules[2].lessons[2].duration must be a single value, not a mapping"),
    ];
    assert_eq!(found, expected);
    assert!(problems.iter().all(|one| one.severity == Severity::Error && one.path == PATH));
    let module = &curriculum.modules[0];
    assert_eq!((module.number, module.title.as_deref()), (2, Some("M")));
    assert_eq!((module.lessons[0].number, module.lessons[0].title.as_deref()), (2, Some("L")));
}

#[test]
fn what_is_no_curriculum_is_an_error() {
    let code = |text: &str| Curriculum::read(PATH, text).unwrap_err().code;
    assert_eq!(code(""), ProblemCode::MissingField);
    assert_eq!(code("- a\n"), ProblemCode::WrongType);
    assert_eq!(code("modules: [\n"), ProblemCode::YamlSyntax);
    assert_eq!(code("a: 1\na: 2\n"), ProblemCode::DuplicateKey);
    let (curriculum, problems) = read("title: T\n");
    assert_eq!((problems[0].code, curriculum.modules), (ProblemCode::MissingField, vec![]));
    let (_, problems) = read("modules: none\n");
    assert_eq!(problems[0].message, "modules must be a list, not \"none\"");
}

#[test]
fn gaps_and_doubles_are_found() {
    assert_eq!(number_problems(&[(1, &[1, 2]), (2, &[1])]), [""; 0]);
    assert_eq!(number_problems(&[(0, &[0, 1]), (1, &[1])]), [""; 0]);
    assert_eq!(number_problems(&[(2, &[3, 1, 2]), (1, &[1])]), [""; 0], "the order in the file is free");
    assert_eq!(number_problems(&[(1, &[1, 2]), (2, &[3, 4]), (3, &[5])]), [""; 0], "numbers may run through");
    assert_eq!(number_problems(&[(1, &[1, 3])]), ["lesson 2 of module 1 is missing"]);
    assert_eq!(number_problems(&[(1, &[3])]), ["lessons 1 to 2 of module 1 are missing"]);
    assert_eq!(number_problems(&[(1, &[1]), (4, &[1])]), ["modules 2 to 3 are missing"]);
    let doubled = ["lesson 1 of module 1 occurs twice; the first is in line 4"];
    assert_eq!(number_problems(&[(1, &[1, 1, 2])]), doubled);
    assert_eq!(number_problems(&[(1, &[]), (1, &[])]), ["module 1 occurs twice; the first is in line 2"]);
    assert_eq!(number_problems(&[(1, &[1, u32::MAX])]), ["lessons 2 to 4294967294 of module 1 are missing"]);
    assert_eq!(number_problems(&[(1, &[u32::MAX, u32::MAX])]).len(), 2);
    let found = checked(&numbered(&[(1, &[1, 1, 4])]), &[]);
    let codes: Vec<_> = found.iter().map(|(code, line, _)| (*code, line.unwrap())).collect();
    assert_eq!(codes, [(ProblemCode::DuplicateNumber, 5), (ProblemCode::NumberGap, 6)]);
}

#[test]
fn durations_must_add_up() {
    let text = GOOD.replace("duration: 60min", "duration: 1h10");
    let expected = [
        (
            ProblemCode::DurationMismatch,
            Some(6),
            "the course takes 90 minutes, but its modules take 100".to_owned(),
        ),
        (
            ProblemCode::DurationMismatch,
            Some(14),
            "module 1 takes 70 minutes, but its lessons take 60".to_owned(),
        ),
    ];
    let names: Vec<String> = good_files().into_iter().collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(checked(&text, &names), expected);
    // Where a duration is unknown, there is nothing to compare.
    assert_eq!(checked(&GOOD.replace("        duration: 20\n", ""), &names), []);
    assert_eq!(checked("duration: 10\nmodules: []\n", &[]), []);
    assert_eq!(checked("duration: 10\nmodules:\n  - title: A\n", &[]), []);
}

#[test]
fn ids_and_files_are_unique_and_exist() {
    let text = GOOD.replace("ML-2", "ML-1").replace("./lessons/1.2-second.md", "1.1-first.md");
    let found = checked(&text, &["lessons/1.1-first.md", "lessons/3.1-extra.md"]);
    let expected = [
        (
            ProblemCode::DuplicateNumber,
            Some(23),
            "lesson 1 of module 1 occurs twice; the first is in line 16",
        ),
        (ProblemCode::DuplicateId, Some(23), "the lesson id \"ML-1\" occurs twice; the first is in line 16"),
        (
            ProblemCode::InvalidValue,
            Some(23),
            "lessons/1.1-first.md is named by two lessons; the first is in line 16",
        ),
        (
            ProblemCode::MissingFile,
            Some(30),
            "lesson 2.1 names outputs/courses/ml/lessons/2.1-third.md, which does not exist",
        ),
        (ProblemCode::UnlistedFile, None, "the curriculum does not name this lesson"),
    ];
    let found: Vec<_> = found.iter().map(|(code, line, message)| (*code, *line, message.as_str())).collect();
    assert_eq!(found, expected);
    let (curriculum, _) = read(&text);
    let problems = check(&curriculum, PATH, &files(&["lessons/3.1-extra.md"]));
    let severity =
        |code| problems.iter().find(|one| one.code == code).map(|one| (one.severity, one.path.as_str()));
    assert_eq!(severity(ProblemCode::DuplicateId), Some((Severity::Error, PATH)));
    assert_eq!(severity(ProblemCode::MissingFile), Some((Severity::Warning, PATH)));
    assert_eq!(severity(ProblemCode::UnlistedFile), Some((Severity::Warning, "lessons/3.1-extra.md")));
}

#[test]
fn files_that_the_curriculum_leaves_to_numbers_are_not_unlisted() {
    assert_eq!(checked(&numbered(&[(1, &[1])]), &["lessons/1.1-a.md"]), []);
}

proptest! {
    #[test]
    fn complete_numbers_have_no_problems_and_a_removed_one_is_found(sizes in proptest::collection::vec(2u32..6, 1..5), at in 0usize..20) {
        let lessons: Vec<Vec<u32>> = sizes.iter().map(|size| (1..=*size).collect()).collect();
        let modules = |lessons: &[Vec<u32>]| {
            let numbered_lessons: Vec<(u32, &[u32])> = (1..).zip(lessons.iter().map(Vec::as_slice)).collect();
            number_problems(&numbered_lessons)
        };
        prop_assert_eq!(modules(&lessons), [""; 0]);
        // A lesson that is neither the last of its module nor the first.
        let mut gapped = lessons;
        let module = at % gapped.len();
        gapped[module].insert(0, 0);
        let inner = 1 + at % (gapped[module].len() - 2);
        gapped[module].remove(inner);
        prop_assert_eq!(modules(&gapped).len(), 1);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(modules:|lessons:|number: |duration: |course:|- |\n|  |[a-z0-9.:\\[\\]{}é]){0,40}") {
        if let Ok((curriculum, _)) = Curriculum::read(PATH, &text) {
            check(&curriculum, PATH, &BTreeSet::new());
        }
    }
}
