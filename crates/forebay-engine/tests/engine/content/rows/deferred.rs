//! Constraints of the user's tables that Postgres checks only at the end of the transaction.

use forebay_domain::content::{Problem, ProblemCode};
use serde_json::{Value, json};

use super::{
    super::{Stage, lesson},
    differences, sync, with_tables,
};

fn refused(problems: &[Problem]) -> Vec<&Problem> {
    problems.iter().filter(|problem| problem.code == ProblemCode::RowRefused).collect()
}

fn pages() -> Value {
    json!({
        "lessons": {
            "table": "pages",
            "key": ["lesson_id"],
            "columns": {"piece_slug": "slug", "lesson_id": "lesson", "title": "heading"},
        },
    })
}

#[tokio::test]
async fn a_row_that_would_fail_at_the_commit_costs_only_itself() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create table headings (heading text primary key);
             insert into headings select 'Lesson ' || m || '.' || l
                 from generate_series(1, 2) as m, generate_series(1, 3) as l;
             create table pages (slug text, lesson text, heading text, primary key (slug, lesson),
                 constraint known foreign key (heading) references headings deferrable initially deferred,
                 constraint own_heading unique (heading) deferrable initially deferred)",
        )
        .await;
    stage.write("lessons/1.2-part-2.md", lesson(1, 2).replace("Lesson 1.2", "Unknown").as_bytes());
    let settings = with_tables(pages());
    let report = sync(&stage, &settings).await;
    let problems = refused(&report.problems);
    assert_eq!(problems.len(), 1, "{:?}", report.problems);
    assert_eq!(problems[0].path, "lessons/1.2-part-2.md");
    assert!(
        problems[0].message.contains("public.pages") && problems[0].message.contains("known"),
        "{problems:?}"
    );
    assert_eq!(stage.texts("select lesson from pages order by 1").await, ["L11", "L13", "L21", "L22", "L23"]);
    assert_eq!(stage.texts("select count(*)::text from forebay.course_lessons").await, ["6"]);
    assert_eq!(differences(&stage).await, ["lessons/1.2-part-2.md|row_missing|public.pages|"]);

    // Two lessons exchange their headings, which the constraint is deferred for; a third one takes one that is taken.
    let renamed = |from: &str, to: &str, number| lesson(2, number).replace(from, to);
    stage.write("lessons/1.2-part-2.md", lesson(1, 2).as_bytes());
    stage.write("lessons/2.1-part-1.md", renamed("Lesson 2.1", "Lesson 2.2", 1).as_bytes());
    stage.write("lessons/2.2-part-2.md", renamed("Lesson 2.2", "Lesson 2.1", 2).as_bytes());
    assert_eq!(refused(&sync(&stage, &settings).await.problems).len(), 0);
    stage.write("lessons/2.3-part-3.md", renamed("Lesson 2.3", "Lesson 1.1", 3).as_bytes());
    let report = sync(&stage, &settings).await;
    let problems = refused(&report.problems);
    assert_eq!(problems.len(), 1, "{:?}", report.problems);
    assert!(problems[0].message.contains("own_heading"), "{problems:?}");
    let headings = "select lesson || ' ' || heading from pages where lesson like 'L2%' order by 1";
    assert_eq!(stage.texts(headings).await, ["L21 Lesson 2.2", "L22 Lesson 2.1", "L23 Lesson 2.3"]);
}
