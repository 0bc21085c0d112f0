//! Numbers from each source, their order of precedence, and what holds for any set of lessons.

use proptest::prelude::*;

use super::*;

fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap()
}

fn number(module: u32, lesson: u32) -> LessonNumber {
    LessonNumber { module: Some(module), lesson: Some(lesson) }
}

fn lesson(text: &str) -> Candidate {
    Candidate {
        path: path(text),
        in_path: LessonNumber::default(),
        in_front_matter: LessonNumber::default(),
        position: None,
    }
}

fn numbered(
    rule: Numbers,
    lessons: &[Candidate],
    listed: &[Listed],
    folders: &[(&str, f64)],
) -> (Vec<String>, Vec<(ProblemCode, String)>) {
    let folders = folders.iter().map(|(folder, place)| ((*folder).to_owned(), *place)).collect();
    let found = number_lessons(rule, lessons, listed, &folders);
    let shown = |one: &NumberedLesson| format!("{}.{} {}", one.module, one.lesson, one.path);
    let problems = found.problems.iter().map(|problem| (problem.code, problem.path.clone())).collect();
    (found.lessons.iter().map(shown).collect(), problems)
}

#[test]
fn the_order_is_natural_and_folders_are_modules() {
    let lessons = ["docs/b/1.md", "docs/a/10.md", "docs/a/2.md", "docs/intro.md"].map(lesson);
    let (found, problems) = numbered(Numbers::Order, &lessons, &[], &[]);
    assert_eq!(found, ["1.1 docs/intro.md", "2.1 docs/a/2.md", "2.2 docs/a/10.md", "3.1 docs/b/1.md"]);
    assert_eq!(problems, []);
}

#[test]
fn positions_come_before_names() {
    let [mut one, two, mut three] = ["a/one.md", "b/two.md", "a/three.md"].map(lesson);
    (one.position, three.position) = (Some(10.0), Some(1.5));
    let (found, _) = numbered(Numbers::Order, &[one, two, three], &[], &[("b", 1.0)]);
    assert_eq!(found, ["1.1 b/two.md", "2.1 a/three.md", "2.2 a/one.md"]);
}

#[test]
fn a_list_gives_the_order_and_others_follow() {
    let lessons = ["a/x.md", "a/y.md", "b/z.md", "c/new.md"].map(lesson);
    let listed = [("b/z.md", 1, 1), ("a/y.md", 2, 1), ("gone.md", 2, 2)]
        .map(|(text, module, lesson)| Listed { path: path(text), module, lesson });
    let (found, problems) = numbered(Numbers::Order, &lessons, &listed, &[]);
    assert_eq!(found, ["1.1 b/z.md", "2.1 a/y.md", "2.2 a/x.md", "3.1 c/new.md"]);
    assert_eq!(problems, []);
}

#[test]
fn the_rule_decides_between_sources_and_disagreement_is_reported() {
    let mut one = lesson("lessons/1.2-a.md");
    one.in_path = number(1, 2);
    one.in_front_matter = number(1, 3);
    let listed = [Listed { path: one.path.clone(), module: 1, lesson: 2 }];
    for (rule, number, num_problems) in
        [(Numbers::FileName, "1.2", 1), (Numbers::FrontMatter, "1.3", 1), (Numbers::Order, "1.2", 0)]
    {
        let (found, problems) = numbered(rule, &[one.clone()], &listed, &[]);
        assert_eq!(found, [format!("{number} lessons/1.2-a.md")]);
        assert_eq!(problems.len(), num_problems, "{rule}");
    }
    let found = number_lessons(Numbers::FileName, &[one], &listed, &BTreeMap::new());
    assert_eq!(found.problems[0].message, "the number is 1.2, but the front matter says 1.3");
    assert_eq!(found.problems[0].code, ProblemCode::NumberMismatch);
}

#[test]
fn a_lesson_without_number_gets_the_next_free_one() {
    let [mut one, two, mut three] = ["lessons/1.1-a.md", "lessons/bonus.md", "lessons/1.5-b.md"].map(lesson);
    (one.in_path, three.in_path) = (number(1, 1), number(1, 5));
    let (found, _) = numbered(Numbers::FileName, &[one.clone(), two.clone(), three.clone()], &[], &[]);
    assert_eq!(found, ["1.1 lessons/1.1-a.md", "1.5 lessons/1.5-b.md", "1.6 lessons/bonus.md"]);
    // With two modules in the folder, nothing says which one it belongs to.
    three.in_path = number(2, 5);
    let (found, _) = numbered(Numbers::FileName, &[one, two, three], &[], &[]);
    assert_eq!(found, ["1.1 lessons/1.1-a.md", "2.5 lessons/1.5-b.md", "3.1 lessons/bonus.md"]);
}

#[test]
fn all_lessons_with_the_same_number_are_left_out() {
    let mut lessons = ["1.1-a.md", "01.1-b.md", "1.2-c.md"].map(lesson);
    for (lesson, last) in lessons.iter_mut().zip([1, 1, 2]) {
        lesson.in_path = number(1, last);
    }
    let (found, problems) = numbered(Numbers::FileName, &lessons, &[], &[]);
    assert_eq!(found, ["1.2 1.2-c.md"]);
    let expected = ["01.1-b.md", "1.1-a.md"].map(|path| (ProblemCode::DuplicateNumber, path.to_owned()));
    assert_eq!(problems, expected);
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let number = || prop::option::of(1_u32..4);
    let one = ("[ab]/[a-d]", number(), number(), number(), number(), prop::option::of(-1.0..2.0));
    let one = one.prop_map(|(text, module, lesson, in_module, in_lesson, position)| Candidate {
        path: path(&text),
        in_path: LessonNumber { module, lesson },
        in_front_matter: LessonNumber { module: in_module, lesson: in_lesson },
        position,
    });
    prop::collection::vec(one, 0..10).prop_map(|lessons| {
        let by_path: BTreeMap<_, _> = lessons.into_iter().map(|one| (one.path.clone(), one)).collect();
        by_path.into_values().collect()
    })
}

proptest! {
    #[test]
    fn every_lesson_has_its_own_number_or_a_problem(
        lessons in candidates(), rule in prop::sample::select(Numbers::ALL.to_vec())
    ) {
        let found = number_lessons(rule, &lessons, &[], &BTreeMap::new());
        let numbers: Vec<_> = found.lessons.iter().map(|one| (one.module, one.lesson)).collect();
        prop_assert!(numbers.is_sorted_by(|one, other| one < other));
        let refused = |problem: &&Problem| problem.code == ProblemCode::DuplicateNumber;
        let num_refused = found.problems.iter().filter(refused).count();
        prop_assert_eq!(found.lessons.len() + num_refused, lessons.len());
        if rule == Numbers::Order {
            prop_assert_eq!(&found.problems, &[]);
        }
        let mut reversed = lessons.clone();
        reversed.reverse();
        prop_assert_eq!(number_lessons(rule, &reversed, &[], &BTreeMap::new()), found);
    }
}
