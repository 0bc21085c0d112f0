//! Rows of the content tables equal what the files say: `verify` sees every column of every row, and `sync` writes them
//! again.

mod deferred;
mod refused;

use std::sync::Arc;

use forebay_domain::content::own_tables::OwnTables;
use forebay_engine::content::{self, CourseFolder, CourseSettings, DifferenceKind, SyncOptions, SyncReport};
use serde_json::{Value, json};

use super::Stage;

/// Columns that no file decides: keys, times, and what is measured or decided in the database.
const NOT_FROM_FILES: [&str; 19] = [
    "reference_id",
    "piece_id",
    "created_at",
    "updated_at",
    "search",
    "gps_score",
    "didatica_score",
    "generation_seconds",
    "generation_cost",
    "num_retries",
    "validation_status",
    "validation_issues",
    "voice_fidelity_score",
    "course_uuid",
    "source_id",
    "project",
    "piece_slug",
    "own_tables",
    "layout",
];

/// The differences as `path|kind|table|columns`.
pub(super) async fn differences(stage: &Stage) -> Vec<String> {
    let verified = stage.verify().await;
    let line = |one: &content::Difference| {
        let (path, table) = (one.path.as_deref().unwrap_or(""), one.table.as_deref().unwrap_or(""));
        format!("{path}|{}|{table}|{}", one.kind, one.columns.join(","))
    };
    verified.differences.iter().map(line).collect()
}

pub(super) fn with_tables(tables: Value) -> CourseSettings {
    let own_tables: OwnTables = serde_json::from_value(tables).unwrap();
    CourseSettings { own_tables: Some(own_tables), ..super::settings() }
}

pub(super) async fn sync(stage: &Stage, settings: &CourseSettings) -> SyncReport {
    let folder = Arc::new(CourseFolder::open(stage.path()).unwrap());
    content::sync(&stage.database, settings, folder, SyncOptions::default()).await.unwrap()
}

#[tokio::test]
async fn every_column_that_a_file_decides_is_compared_and_repaired() {
    let stage = Stage::course().await;
    stage.write("research/content-gaps.md", b"# Gaps\n\nNone.\n");
    stage.write("research/differentiation.md", b"# Differentiation\n\nShort.\n");
    stage.sync().await;
    let mut num_columns = 0;
    for table in ["course_lessons", "course_metadata", "market_research", "content_pieces"] {
        let columns = stage
            .texts(&format!(
                "select concat_ws('|', column_name, data_type) from information_schema.columns \
                 where table_schema = 'forebay' and table_name = '{table}' order by ordinal_position"
            ))
            .await;
        for column in columns {
            let (name, data_type) = column.split_once('|').unwrap();
            // The status of a course is the user's.
            if NOT_FROM_FILES.contains(&name) || (table, name) == ("content_pieces", "status") {
                continue;
            }
            let value = match (name, data_type) {
                ("bloom_level", _) => "'create'",
                ("course_type", _) => "'mixed'",
                ("approved_at", _) => "now(), approved_by = 'Eve'",
                ("approved_by", _) => "'Eve', approved_at = now()",
                ("approved_hash" | "content_hash", _) => "sha256('x')",
                (_, "integer") => "77",
                (_, "jsonb") => "'{}'",
                (_, "ARRAY") => "'{edited}'",
                _ => "'edited'",
            };
            let only =
                if table == "course_lessons" { "where slug = 'part-2' and module_number = 2" } else { "" };
            stage.execute(&format!("update forebay.{table} set {name} = {value} {only}")).await;
            let found = stage.verify().await.differences;
            assert_eq!(found.len(), 1, "{table}.{name}: {found:?}");
            assert_eq!(found[0].kind, DifferenceKind::Row);
            assert_eq!(found[0].table.as_deref(), Some(format!("forebay.{table}").as_str()));
            assert!(found[0].columns.iter().any(|column| column == name), "{name}: {found:?}");
            assert_eq!(stage.sync().await.num_repaired, 1, "{table}.{name}");
            assert!(stage.verify().await.is_clean(), "{table}.{name}");
            num_columns += 1;
        }
    }
    assert_eq!(num_columns, 12 + 14 + 6 + 4);
}

#[tokio::test]
async fn rows_that_are_deleted_or_inserted_are_found_and_repaired() {
    let stage = Stage::course().await;
    stage.sync().await;
    stage
        .execute(
            "delete from forebay.course_metadata;
             delete from forebay.market_research;
             delete from forebay.course_lessons where lesson_id = 'L23';
             insert into forebay.course_lessons (reference_id, piece_id, module_number, lesson_number, word_count,
                 lesson_id, slug, title, content, file_path, content_hash)
             select gen_random_uuid(), piece_id, 9, 9, 0, 'x', 'x', 'x', 'x', 'lessons/9.9-x.md', sha256('x')
             from forebay.content_pieces",
        )
        .await;
    assert_eq!(
        differences(&stage).await,
        [
            "|row_missing|forebay.course_metadata|",
            "|row_missing|forebay.market_research|",
            "lessons/2.3-part-3.md|row_missing|forebay.course_lessons|",
            "lessons/9.9-x.md|row_extra|forebay.course_lessons|",
        ]
    );
    let report = stage.sync().await;
    assert_eq!((report.num_repaired, report.run.is_none()), (4, true));
    assert!(differences(&stage).await.is_empty());
    assert_eq!(stage.sync().await.num_repaired, 0);
}

#[tokio::test]
async fn a_course_without_documents_needs_no_rows_for_them() {
    let stage = Stage::empty().await;
    stage.write("lessons/1.1-a.md", b"# A\n");
    stage.sync().await;
    assert!(stage.verify().await.is_clean());
    assert_eq!(stage.texts("select count(*)::text from forebay.course_metadata").await, ["0"]);
    stage.write("COURSE-BRIEF.md", b"# A\n\n## 2. ICP\n\nAll.\n");
    stage.write("lessons/1.2-b.md", b"# B\n");
    stage.write("lessons/1.3-c.md", b"# C\n");
    stage.sync().await;
    stage.remove("COURSE-BRIEF.md");
    let allowed = SyncOptions { allow_removals: true, ..SyncOptions::default() };
    assert!(stage.try_sync(allowed).await.unwrap().is_clean());
    assert_eq!(stage.texts("select coalesce(icp, 'none') from forebay.course_metadata").await, ["none"]);
    assert!(stage.verify().await.is_clean());
}

#[tokio::test]
async fn rows_of_own_tables_are_compared_and_repaired() {
    let stage = Stage::course().await;
    stage
        .execute(
            "create table courses (id bigint generated always as identity primary key, slug text unique, name text);
             create table pages (course bigint references courses, module int, lesson int, heading varchar(40), body text,
                 facts json, note text, primary key (course, module, lesson));
             create table plans (slug text primary key, plan json)",
        )
        .await;
    let settings = with_tables(json!({
        "pieces": {"table": "courses", "id": "id", "columns": {"piece_slug": "slug", "title": "name"}},
        "lessons": {
            "table": "pages",
            "course": "course",
            "columns": {"module_number": "module", "lesson_number": "lesson", "title": "heading", "content": "body",
                "objectives": "facts"},
        },
        "metadata": {"table": "plans", "columns": {"piece_slug": "slug", "curriculum": "plan"}},
    }));
    sync(&stage, &settings).await;
    assert!(stage.verify().await.is_clean());
    stage
        .execute(
            "update courses set name = 'edited';
             update pages set body = body || '!', facts = '[]', note = 'mine' where module = 1 and lesson = 2;
             delete from pages where module = 2 and lesson = 3;
             delete from plans",
        )
        .await;
    assert_eq!(
        differences(&stage).await,
        [
            "|row|public.courses|name",
            "|row_missing|public.plans|",
            "lessons/1.2-part-2.md|row|public.pages|body,facts",
            "lessons/2.3-part-3.md|row_missing|public.pages|",
        ]
    );
    assert_eq!(sync(&stage, &settings).await.num_repaired, 4);
    assert!(stage.verify().await.is_clean());
    // Columns that Forebay does not fill stay.
    assert_eq!(stage.texts("select note from pages where note is not null").await, ["mine"]);
    assert_eq!(sync(&stage, &settings).await.num_repaired, 0);
}

#[tokio::test]
async fn a_preview_counts_the_rows_that_a_sync_would_write_again() {
    let stage = Stage::course().await;
    let preview = async || {
        let options = SyncOptions { dry_run: true, ..SyncOptions::default() };
        stage.try_sync(options).await.unwrap().num_repaired
    };
    assert_eq!(preview().await, 0, "nothing is stored");
    stage.sync().await;
    assert_eq!(preview().await, 0);
    stage
        .execute("update forebay.course_lessons set title = 'Edited' where lesson_id in ('L11', 'L12')")
        .await;
    stage.execute("delete from forebay.course_lessons where lesson_id = 'L13'").await;
    // The run of a sync writes this one.
    stage.edit("lessons/1.2-part-2.md", |text| text.replace("Borrowing", "Lending"));
    assert_eq!(preview().await, 2);
    assert_eq!(
        stage.texts("select title from forebay.course_lessons where lesson_id = 'L11'").await,
        ["Edited"]
    );
    assert_eq!(stage.sync().await.num_repaired, 2);
    assert_eq!(preview().await, 0);
}
