//! Measurements of a published course in a table of the user.

use std::sync::Arc;

use forebay_domain::content::PersistMode;
use forebay_engine::content::{CourseFolder, CoursePersister, Persisted};
use serde_json::{Value, json};

use super::{Stage, differences, sync, tables};

const TABLE: &str = "
create table metrics (
    course_id uuid not null references courses on delete cascade,
    name text not null check (name <> 'likes'),
    amount numeric not null,
    at timestamptz not null,
    unit text,
    primary key (course_id, name, at)
)";

fn with_metrics() -> Value {
    let mut tables = tables();
    tables["performance"] = json!({
        "table": "metrics",
        "course": "course_id",
        "columns": {"metric": "name", "value": "amount", "recorded_at": "at"},
    });
    tables
}

#[tokio::test]
async fn measurements_reach_the_table_of_the_user() {
    let stage = Stage::course().await;
    stage.execute(super::TABLES).await;
    stage.execute(TABLE).await;
    sync(&stage, with_metrics()).await.unwrap();
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    let mut persister =
        CoursePersister::open(super::super::settings(), folder, PersistMode::On, stage.test.target())
            .await
            .unwrap();
    let at = "2026-11-28T10:00:00Z".parse().unwrap();
    for value in [7.0, 8.5, 8.5] {
        let recorded = persister.record_performance("views", value, at).await.unwrap();
        assert!(matches!(recorded, Persisted::Done(_)), "{recorded:?}");
    }
    let rows = "select concat_ws('|', c.slug, m.name, m.amount, m.at at time zone 'UTC', m.unit) \
        from metrics as m join courses as c on c.id = m.course_id";
    assert_eq!(stage.texts(rows).await, ["rust-basics|views|8.5|2026-11-28 10:00:00"]);
    // In both tables or in none.
    let refused = persister.record_performance("likes", 1.0, at).await.unwrap();
    let Persisted::Failed { code, .. } = refused else { panic!("{refused:?}") };
    assert_eq!(code, "row_refused");
    let stored = "select count(*)::text from forebay.content_performance";
    assert_eq!(stage.texts(stored).await, ["1"]);
    persister.close().await.unwrap();

    // Rows that somebody changed are found and written again.
    stage.execute("update metrics set amount = 1, unit = 'people'").await;
    assert_eq!(stage.verify().await.differences[0].columns, ["amount"]);
    assert_eq!(sync(&stage, with_metrics()).await.unwrap().num_repaired, 1);
    assert_eq!(stage.texts("select amount || ' ' || unit from metrics").await, ["8.5 people"]);
    stage.execute("delete from metrics").await;
    assert_eq!(sync(&stage, with_metrics()).await.unwrap().num_repaired, 1);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn the_table_of_measurements_is_checked_at_start() {
    let stage = Stage::course().await;
    stage.execute(super::TABLES).await;
    stage
        .execute("create table metrics (course_id int, name int, amount text, at date, unit text not null)")
        .await;
    let error = sync(&stage, with_metrics()).await.unwrap_err();
    assert_eq!(
        differences(&error),
        [
            "metrics.course_id: its type is integer, and courses.id has the type uuid",
            "metrics.name: its type is integer, and metric needs text",
            "metrics.at: its type is date, and recorded_at needs timestamptz",
            "metrics.amount: its type is text, and value needs double precision, real or numeric",
            "metrics.unit: it is not null and has no default, so name a field for it",
            "metrics: a unique constraint on (at, course_id, name) is needed to find rows",
        ]
    );
    let mut unnamed = with_metrics();
    unnamed["performance"]["columns"] = json!({"metric": "name", "value": "amount"});
    let error = sync(&stage, unnamed).await.unwrap_err();
    assert_eq!(error.code(), "content_tables_invalid");
    assert!(error.to_string().contains("a column for recorded_at is needed"), "{error}");
}
