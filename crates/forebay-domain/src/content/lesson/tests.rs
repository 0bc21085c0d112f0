//! A lesson is read from its front matter and its text, and always read to the end.

use proptest::prelude::*;

use super::*;

const PATH: &str = "lessons/1.2-first-steps.md";

fn read(path: &str, text: &str, numbers: Option<(u32, u32)>) -> (Lesson, Vec<Problem>) {
    Lesson::read(path, text, numbers, &LessonFields::default())
}

fn warnings(text: &str) -> Vec<(ProblemCode, Option<u32>)> {
    read(PATH, text, None).1.into_iter().map(|one| (one.code, one.line)).collect()
}

#[test]
fn a_lesson_is_read_from_its_front_matter() {
    let text = "\u{feff}---\r\nlesson_id: ML-1.10\r\nmodule: 1\r\nlesson: 10\r\nslug: steps\r\ntitle: \"Steps: one\"\r\n\
        objectives:\r\n  - Say yes\r\n  - no\r\nbloom_level: Aplicar\r\nkey_concepts: [1.10, yes]\r\n---\r\n\
        # Other\r\n\r\nFour words of text.\r\n";
    let (lesson, problems) = read(PATH, text, Some((7, 8)));
    let expected = Lesson {
        lesson_id: Some("ML-1.10".to_owned()),
        module: Some(1),
        number: Some(10),
        position: None,
        slug: "steps".to_owned(),
        title: Some("Steps: one".to_owned()),
        objectives: vec!["Say yes".to_owned(), "no".to_owned()],
        bloom_level: Some(BloomLevel::Apply),
        key_concepts: vec!["1.10".to_owned(), "yes".to_owned()],
        word_count: 5,
    };
    assert_eq!(lesson, expected);
    assert_eq!(problems, []);
}

#[test]
fn ids_and_concepts_that_no_index_can_hold_are_left_out() {
    let id = "é".repeat(MAX_ID_CHARS);
    let concept = "é".repeat(MAX_CONCEPT_CHARS);
    let text = |more: &str| {
        format!(
            "---\nlesson_id: {id}{more}\nkey_concepts:\n  - loan\n  - {concept}{more}\nconcepts: {concept}\n---\n"
        )
    };
    let (lesson, problems) = read(PATH, &text(""), None);
    assert_eq!(lesson.lesson_id.as_deref(), Some(id.as_str()));
    assert_eq!((lesson.key_concepts.len(), problems.len()), (2, 0));
    let (lesson, _) = read(PATH, &text("x"), None);
    assert_eq!((lesson.lesson_id, lesson.key_concepts), (None, vec!["loan".to_owned()]));
    let expected = [2, 5].map(|line| (ProblemCode::InvalidValue, Some(line)));
    assert_eq!(warnings(&text("x")), expected);
}

#[test]
fn what_the_front_matter_leaves_out_comes_from_file_name_and_text() {
    let (lesson, problems) = read(PATH, "## Before\n\n# The title\n\ntext\n", Some((1, 2)));
    assert_eq!((lesson.module, lesson.number), (Some(1), Some(2)));
    assert_eq!((lesson.slug.as_str(), lesson.title.as_deref()), ("first-steps", Some("The title")));
    assert_eq!((lesson.lesson_id, lesson.word_count), (None, 4));
    assert_eq!(problems, []);
    let (lesson, _) = read("lessons/03.md", "text", None);
    assert_eq!((lesson.slug.as_str(), lesson.title, lesson.module), ("03", None, None));
    assert_eq!(read("intro", "", None).0.slug, "intro");
    assert_eq!(read("a/01 - déjà vu.mdx", "", None).0.slug, "déjà vu");
}

#[test]
fn spellings_of_fields_are_tolerated() {
    let text = "---\nid: a\nnumber: 2.10\ntitulo: T\nlearning_objectives: one\nbloom: análise\nconceitos_chave: [x]\n---\n";
    let (lesson, problems) = read(PATH, text, Some((9, 9)));
    assert_eq!((lesson.lesson_id.as_deref(), lesson.title.as_deref()), (Some("a"), Some("T")));
    assert_eq!((lesson.module, lesson.number), (Some(2), Some(10)));
    assert_eq!((lesson.objectives, lesson.key_concepts), (vec!["one".to_owned()], vec!["x".to_owned()]));
    assert_eq!((lesson.bloom_level, problems), (Some(BloomLevel::Analyze), vec![]));
}

#[test]
fn a_layout_can_name_its_fields() {
    let text = "---\nuid: a\nid: b\nm: 3\nl: 4\nweight: 2.5\nmodule: 9\n---\n";
    let fields = LessonFields { id: "uid", module: "m", lesson: "l", position: "weight" };
    let (lesson, problems) = Lesson::read(PATH, text, None, &fields);
    assert_eq!((lesson.lesson_id.as_deref(), lesson.module, lesson.number), (Some("a"), Some(3), Some(4)));
    assert_eq!((lesson.position, problems), (Some(2.5), vec![]));
    let (lesson, _) = read(PATH, text, None);
    assert_eq!((lesson.lesson_id.as_deref(), lesson.module, lesson.number), (Some("b"), Some(9), None));
    assert_eq!(lesson.position, None);
}

#[test]
fn wrong_types_are_warnings_and_the_rest_is_read() {
    let text = "---\nlesson_id: [1]\nmodule: one\nlesson: 1.2.3\ntitle: {a: b}\nobjectives: {a: b}\nbloom_level: high\n\
        key_concepts: [a, [b]]\nslug: s\n---\n# Title\n";
    let expected = [
        (ProblemCode::WrongType, Some(3)),
        (ProblemCode::WrongType, Some(4)),
        (ProblemCode::WrongType, Some(2)),
        (ProblemCode::WrongType, Some(5)),
        (ProblemCode::WrongType, Some(6)),
        (ProblemCode::InvalidValue, Some(7)),
        (ProblemCode::WrongType, Some(8)),
    ];
    assert_eq!(warnings(text), expected);
    let (lesson, problems) = read(PATH, text, Some((1, 2)));
    assert!(problems.iter().all(|one| one.severity == Severity::Warning && one.path == PATH));
    assert_eq!((lesson.module, lesson.number, lesson.slug.as_str()), (Some(1), Some(2), "s"));
    assert_eq!((lesson.title.as_deref(), lesson.key_concepts), (Some("Title"), vec!["a".to_owned()]));
}

#[test]
fn broken_front_matter_is_an_error_and_the_text_is_still_read() {
    assert_eq!(warnings("---\na: [\n---\n# T\n")[0].0, ProblemCode::YamlSyntax);
    assert_eq!(warnings("---\na: 1\na: 2\n---\n# T\n"), [(ProblemCode::DuplicateKey, Some(3))]);
    assert_eq!(warnings("---\na: &x 1\n---\n# T\n"), [(ProblemCode::YamlBounds, Some(2))]);
    assert_eq!(warnings("---\n- a\n---\n# T\n"), [(ProblemCode::WrongType, Some(2))]);
    let (lesson, problems) = read(PATH, "---\na: 1\n\n# T\n\nwords\n", Some((1, 2)));
    assert_eq!((problems[0].code, problems[0].severity), (ProblemCode::FrontMatterUnclosed, Severity::Error));
    assert_eq!(
        (lesson.title.as_deref(), lesson.number, lesson.slug.as_str()),
        (Some("T"), Some(2), "first-steps")
    );
    let (lesson, _) = read(PATH, "---\na: [\n---\n# T\n\nwords\n", None);
    assert_eq!((lesson.title.as_deref(), lesson.word_count), (Some("T"), 2));
}

proptest! {
    #[test]
    fn any_text_is_a_lesson(text in "(---\n|\r\n|[a-z:\\[\\]{}&*'\"#\n -]|title: |module: ){0,40}", path in "[a-z0-9./-]{0,12}") {
        let (lesson, problems) = read(&path, &text, Some((1, 2)));
        prop_assert!(lesson.module.is_some() && lesson.number.is_some());
        prop_assert!(problems.iter().all(|problem| problem.path == path));
    }
}
