//! Tests of the settings of own tables.

use serde_json::{Value, json};

use super::{OwnTableKind, OwnTables};

fn check(settings: Value) -> Result<(), String> {
    let tables: OwnTables = serde_json::from_value(settings).unwrap();
    tables.check().map_err(|error| format!("{} {}: {}", error.table, error.key, error.problem))
}

fn pieces() -> Value {
    json!({"table": "courses", "id": "id", "columns": {"piece_slug": "slug", "title": "name"}})
}

#[test]
fn tables_that_refer_to_courses_are_accepted() {
    let lessons = json!({
        "table": "app.lessons",
        "course": "course_id",
        "columns": {"module_number": "module", "lesson_number": "number", "content": "body"},
    });
    assert_eq!(check(json!({"pieces": pieces(), "lessons": lessons})), Ok(()));
    let by_slug = json!({"table": "notes", "columns": {"piece_slug": "course", "brief": "brief"}});
    assert_eq!(check(json!({"metadata": by_slug})), Ok(()));
}

#[test]
fn mistakes_name_their_table_and_key() {
    let cases = [
        (json!({"pieces": {"table": "", "columns": {"piece_slug": "slug"}}}), "pieces table: name the table"),
        (json!({"pieces": {"table": "t", "columns": {}}}), "pieces columns: name at least one column"),
        (
            json!({"research": {"table": "t", "columns": {"sumary": "x"}}}),
            "research sumary: there is no field \"sumary\"; use project, piece_slug, market_analysis, content_gaps, \
             differentiation, sources, summary, num_competitors",
        ),
        (
            json!({"pieces": {"table": "t", "columns": {"title": "x"}}}),
            "pieces columns: a column for piece_slug is needed",
        ),
        (
            json!({"research": {"table": "t", "course": "c", "columns": {"summary": "x"}}}),
            "research course: it needs content.tables.pieces with its column id",
        ),
        (
            json!({"research": {"table": "t", "columns": {"summary": "x"}}}),
            "research course: name the column that refers to the course (course), or one for piece_slug",
        ),
        (
            json!({"pieces": {"table": "t", "columns": {"piece_slug": "a", "title": "a"}}}),
            "pieces columns: the column a is filled twice",
        ),
        (
            json!({"pieces": pieces(), "metadata": {"table": "t", "course": "c", "id": "i", "columns": {"brief": "x"}}}),
            "metadata id: only content.tables.pieces has it",
        ),
        (
            json!({"pieces": pieces(), "lessons": {"table": "t", "course": "c", "columns": {"content": "x"}}}),
            "lessons key: a column for module_number is needed, because it identifies a row",
        ),
        (
            json!({"pieces": pieces(), "lessons": {"table": "t", "course": "c", "key": ["title"], "columns": {"title": "x"}}}),
            "lessons key: \"title\" does not identify a lesson; use module_number, lesson_number, lesson_id, slug, file_path",
        ),
    ];
    for (settings, expected) in cases {
        assert_eq!(check(settings.clone()).unwrap_err(), expected, "{settings}");
    }
}

#[test]
fn fields_have_distinct_names() {
    for kind in [OwnTableKind::Pieces, OwnTableKind::Metadata, OwnTableKind::Lessons, OwnTableKind::Research]
    {
        let mut names: Vec<&str> = kind.fields().iter().map(|field| field.name).collect();
        names.extend(["project", "piece_slug"]);
        let num_fields = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), num_fields, "{kind}");
    }
}
