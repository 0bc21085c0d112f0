//! A row that the database refuses costs only that row: the file stays stored, and the others land.

use forebay_domain::{
    content::{Problem, ProblemCode, file_text::hash},
    hex,
};
use serde_json::json;

use super::{
    super::{Stage, lesson},
    differences, sync, with_tables,
};

fn refused(problems: &[Problem]) -> Vec<&Problem> {
    problems.iter().filter(|problem| problem.code == ProblemCode::RowRefused).collect()
}

#[tokio::test]
async fn a_lesson_that_an_own_table_refuses_costs_only_its_row() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create table pages (slug text, module int, lesson int, heading text, primary key (slug, module, lesson),
                 constraint polite check (heading not like '%damn%'))",
        )
        .await;
    let settings = with_tables(json!({
        "lessons": {
            "table": "pages",
            "columns": {"piece_slug": "slug", "module_number": "module", "lesson_number": "lesson", "title": "heading"},
        },
    }));
    let bad = lesson(1, 2).replace("Lesson 1.2", "A damn lesson");
    stage.write("lessons/1.2-part-2.md", bad.as_bytes());
    let report = sync(&stage, &settings).await;
    let problems = refused(&report.problems);
    assert_eq!(problems.len(), 1, "{:?}", report.problems);
    assert_eq!(problems[0].path, "lessons/1.2-part-2.md");
    assert!(problems[0].message.contains("public.pages") && problems[0].message.contains("polite"));
    assert!(problems[0].hint.as_ref().unwrap().contains("the constraint polite"));
    assert!(!report.is_clean());
    assert_eq!(stage.texts("select count(*)::text from pages").await, ["5"]);
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["6"]);
    assert_eq!(differences(&stage).await, ["lessons/1.2-part-2.md|row_missing|public.pages|"]);
    // Said again as long as it holds, and nothing is written.
    let again = sync(&stage, &settings).await;
    assert_eq!((refused(&again.problems).len(), again.num_repaired, again.run.is_none()), (1, 0, true));
    stage.write("lessons/1.2-part-2.md", lesson(1, 2).as_bytes());
    let fixed = sync(&stage, &settings).await;
    assert!(fixed.is_clean() && stage.verify().await.is_clean());
}

#[tokio::test]
async fn rows_of_the_course_itself_may_be_refused() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create table courses (slug text primary key, name varchar(5));
             create table plans (slug text primary key, modules int check (modules > 5))",
        )
        .await;
    let settings = with_tables(json!({
        "pieces": {"table": "courses", "columns": {"piece_slug": "slug", "title": "name"}},
        "metadata": {"table": "plans", "columns": {"piece_slug": "slug", "total_modules": "modules"}},
    }));
    let report = sync(&stage, &settings).await;
    let problems = refused(&report.problems);
    let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["COURSE-BRIEF.md", "COURSE-BRIEF.md"]);
    assert!(problems.iter().any(|problem| problem.message.contains("public.courses")), "{problems:?}");
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["6"]);
    assert_eq!(differences(&stage).await, ["|row_missing|public.courses|", "|row_missing|public.plans|"]);
}

#[tokio::test]
async fn rows_that_exchange_unique_values_beside_a_refused_one_are_written() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create table pages (slug text, lesson text, heading text unique check (heading <> 'bad'),
                 primary key (slug, lesson))",
        )
        .await;
    let settings = with_tables(json!({
        "lessons": {
            "table": "pages",
            "key": ["lesson_id"],
            "columns": {"piece_slug": "slug", "lesson_id": "lesson", "title": "heading"},
        },
    }));
    sync(&stage, &settings).await;
    // 1.1 takes the title that 1.2 gives up, in every order of their ids.
    let renamed = |from: &str, to: &str, number| lesson(1, number).replace(from, to);
    stage.write("lessons/1.1-part-1.md", renamed("Lesson 1.1", "Lesson 1.2", 1).as_bytes());
    stage.write("lessons/1.2-part-2.md", renamed("Lesson 1.2", "Lesson 1.3", 2).as_bytes());
    stage.write("lessons/1.3-part-3.md", renamed("Lesson 1.3", "bad", 3).as_bytes());
    stage.write("lessons/2.1-part-1.md", lesson(2, 1).replace("Lesson 2.1", "New").as_bytes());
    let report = sync(&stage, &settings).await;
    let titles = stage.texts("select heading from pages order by lesson").await;
    // 1.3 keeps its old title, because `bad` is refused, so 1.2 cannot take it, so 1.1 cannot take that of 1.2.
    assert_eq!(titles[..4], ["Lesson 1.1", "Lesson 1.2", "Lesson 1.3", "New"], "{:?}", report.problems);
    assert_eq!(refused(&report.problems).len(), 3);
    stage.write("lessons/1.3-part-3.md", lesson(1, 3).replace("Lesson 1.3", "Fresh").as_bytes());
    stage.write("lessons/2.1-part-1.md", lesson(2, 1).replace("Lesson 2.1", "bad").as_bytes());
    let report = sync(&stage, &settings).await;
    assert_eq!(refused(&report.problems).len(), 1, "{:?}", report.problems);
    let titles = stage.texts("select heading from pages order by lesson").await;
    assert_eq!(titles[..4], ["Lesson 1.2", "Lesson 1.3", "Fresh", "New"]);
}

#[tokio::test]
async fn a_value_that_an_index_cannot_hold_costs_only_that_row() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create table pages (slug text, lesson text, heading text, primary key (slug, lesson));
             create index on pages (heading)",
        )
        .await;
    let settings = with_tables(json!({
        "lessons": {
            "table": "pages",
            "key": ["lesson_id"],
            "columns": {"piece_slug": "slug", "lesson_id": "lesson", "title": "heading"},
        },
    }));
    // Text that does not compress: an index row holds about 2,700 bytes.
    let long: String = (0..100u8).map(|n| hex::encode(&hash(&[n]))).collect();
    stage.write("lessons/1.2-part-2.md", lesson(1, 2).replace("\"Lesson 1.2\"", &long).as_bytes());
    let report = sync(&stage, &settings).await;
    let problems = refused(&report.problems);
    assert_eq!(problems.len(), 1, "{report:?}");
    assert_eq!(problems[0].path, "lessons/1.2-part-2.md");
    assert!(problems[0].message.contains("54000"), "{problems:?}");
    assert_eq!(stage.texts("select count(*)::text from pages").await, ["5"]);
    assert_eq!(differences(&stage).await, ["lessons/1.2-part-2.md|row_missing|public.pages|"]);
}

#[tokio::test]
async fn a_row_that_forebays_own_table_refuses_keeps_no_old_values() {
    let stage = Stage::course().await;
    stage.sync().await;
    stage.execute("alter table forebay.course_lessons add constraint short check (word_count < 20)").await;
    let long = format!("{}{}", lesson(1, 2), "word ".repeat(30));
    // The refused lesson gives up its number to another one.
    stage.rename("lessons/1.2-part-2.md", "lessons/1.8-part-2.md");
    stage.write("lessons/1.8-part-2.md", long.as_bytes());
    stage.rename("lessons/1.3-part-3.md", "lessons/1.2-part-3.md");
    let report = stage.sync().await;
    let problems = refused(&report.problems);
    assert_eq!(problems.len(), 1, "{report:?}");
    assert_eq!(problems[0].path, "lessons/1.8-part-2.md");
    assert!(problems[0].message.contains("short"), "{problems:?}");
    let numbers = "select concat_ws('.', module_number, lesson_number) || ' ' || lesson_id from forebay.course_lessons \
                   where module_number = 1 order by 1";
    assert_eq!(stage.texts(numbers).await, ["1.1 L11", "1.2 L13"]);
    assert_eq!(differences(&stage).await, ["lessons/1.8-part-2.md|row_missing|forebay.course_lessons|"]);
    stage.execute("alter table forebay.course_lessons drop constraint short").await;
    assert!(stage.sync().await.is_clean() && stage.verify().await.is_clean());
}

#[tokio::test]
async fn an_id_that_is_too_long_costs_nothing() {
    let stage = Stage::course().await;
    stage.write("lessons/1.2-part-2.md", lesson(1, 2).replace("L12", &"x".repeat(2_000)).as_bytes());
    stage.write("lessons/1.3-part-3.md", lesson(1, 3).replace("L13", &"é".repeat(250)).as_bytes());
    let report = stage.sync().await;
    let warned: Vec<_> = report.problems.iter().map(|one| (one.code, one.place())).collect();
    assert_eq!(warned, [(ProblemCode::InvalidValue, "lessons/1.2-part-2.md:2".to_owned())]);
    assert!(report.is_clean() && stage.verify().await.is_clean());
    let ids = "select left(lesson_id, 9) from forebay.course_lessons where lesson_number > 1 and module_number = 1 \
               order by lesson_number";
    assert_eq!(stage.texts(ids).await, ["lessons/1", "ééééééééé"]);
}
