//! The statements that fill and compare a checked table. `$1` is the course, `$2` the lessons.
//!
//! Writing and comparing share the query for the values and the list of compared columns, so a comparison finds exactly
//! what writing would change.

use std::fmt::Write;

use forebay_domain::content::own_tables::{COURSE_FIELDS, FieldType, OwnTableKind};

use super::{
    super::projection::changed_columns,
    check::{CheckedColumn, CheckedTable, CourseColumns},
};

/// The rows to write: the course as `p`, and its row in Forebay's table as `s`.
fn rows(kind: OwnTableKind) -> &'static str {
    match kind {
        OwnTableKind::Pieces => "forebay.content_pieces as p where p.piece_id = $1",
        OwnTableKind::Metadata => {
            "forebay.content_pieces as p join forebay.course_metadata as s on s.piece_id = p.piece_id \
             where p.piece_id = $1"
        }
        OwnTableKind::Research => {
            "forebay.content_pieces as p join forebay.market_research as s on s.piece_id = p.piece_id \
             where p.piece_id = $1"
        }
        OwnTableKind::Performance => {
            "forebay.content_pieces as p join forebay.content_performance as s on s.piece_id = p.piece_id \
             where p.piece_id = $1"
        }
        OwnTableKind::Lessons => {
            "forebay.content_pieces as p join forebay.course_lessons as s on s.piece_id = p.piece_id \
             where p.piece_id = $1"
        }
    }
}

/// The names of the columns to fill, with their values.
fn names_and_values(table: &CheckedTable) -> (Vec<String>, Vec<String>) {
    let mut names = Vec::new();
    let mut values = Vec::new();
    if let CourseColumns::Reference { column, pieces } = &table.course {
        names.push(column.to_string());
        values.push(course_id(pieces));
    }
    for column in &table.columns {
        names.push(column.name.to_string());
        values.push(value(table.kind, column));
    }
    (names, values)
}

/// The columns that do not identify a row.
fn compared(table: &CheckedTable) -> Vec<&CheckedColumn> {
    let identity = table.identity();
    table.columns.iter().filter(|column| !identity.contains(&&column.name)).collect()
}

/// A column as a type that has equality.
fn comparable(column: &CheckedColumn) -> String {
    let cast = if column.sql_type == "json" { "::jsonb" } else { "" };
    format!("{}{cast}", column.name)
}

/// Whether the row `t` differs from another one.
fn differs(compared: &[&CheckedColumn], side: &str) -> String {
    let list = |side: &str| {
        let columns = compared.iter().map(|column| format!("{side}.{}", comparable(column)));
        columns.collect::<Vec<_>>().join(", ")
    };
    format!("({}) is distinct from ({})", list("t"), list(side))
}

/// Inserts the rows that are missing, and updates those that differ.
pub(super) fn upsert(table: &CheckedTable) -> String {
    upsert_where(
        table,
        match table.kind {
            // Sorted, so two runs that fill the same table don't deadlock.
            OwnTableKind::Lessons => " and s.reference_id = any($2) order by s.reference_id",
            _ => "",
        },
    )
}

/// The same for the measurement of the metric `$2` at the time `$3`.
pub(super) fn upsert_measurement(table: &CheckedTable) -> String {
    upsert_where(table, " and s.metric = $2 and s.recorded_at = $3")
}

fn upsert_where(table: &CheckedTable, condition: &str) -> String {
    let (names, values) = names_and_values(table);
    let compared = compared(table);
    let action = if compared.is_empty() {
        "do nothing".to_owned()
    } else {
        let mut sets = String::new();
        for column in &compared {
            let _infallible = write!(sets, ", {0} = excluded.{0}", column.name);
        }
        format!("do update set {} where {}", sets.trim_start_matches(", "), differs(&compared, "excluded"))
    };
    let identity: Vec<String> = table.identity().iter().map(ToString::to_string).collect();
    format!(
        "insert into {} as t ({}) select {} from {}{condition} on conflict ({}) {action}",
        table.name,
        names.join(", "),
        values.join(", "),
        rows(table.kind),
        identity.join(", ")
    )
}

/// Finds the rows that are missing or differ, as `relation`, `reference_id`, `path`, `state` and `columns`.
pub(super) fn differences(table: &CheckedTable) -> String {
    let (names, values) = names_and_values(table);
    let compared = compared(table);
    let mut selected: Vec<String> =
        values.iter().zip(&names).map(|(value, name)| format!("{value} as {name}")).collect();
    // A space keeps these names apart from those of the user's columns.
    selected.extend(
        match table.kind {
            OwnTableKind::Lessons => ["s.reference_id as \"the id\"", "s.file_path as \"the path\""],
            _ => ["null::uuid as \"the id\"", "null::text as \"the path\""],
        }
        .map(str::to_owned),
    );
    let identity = table.identity();
    let equal: Vec<String> = identity.iter().map(|name| format!("t.{name} = w.{name}")).collect();
    // The columns that identify a row are filled in every row.
    let is_missing = format!("t.{} is null", identity.first().map(ToString::to_string).unwrap_or_default());
    let (or_differs, columns) = if compared.is_empty() {
        (String::new(), "'{}'::text[]".to_owned())
    } else {
        let columns = compared.iter().map(|column| (comparable(column), column.name.as_str()));
        (format!(" or {}", differs(&compared, "w")), changed_columns(columns))
    };
    format!(
        "select '{}' as relation, w.\"the id\" as reference_id, w.\"the path\" as path, \
         case when {is_missing} then 'missing' else 'changed' end as state, \
         case when {is_missing} then '{{}}' else {columns} end as columns \
         from (select {} from {}) as w left join {} as t on {} where {is_missing}{or_differs}",
        table.name.to_string().replace(['"', '\''], ""),
        selected.join(", "),
        rows(table.kind),
        table.name,
        equal.join(" and "),
    )
}

/// The keys of lessons, each as an array of text.
pub(super) fn keys(table: &CheckedTable) -> String {
    format!(
        "select jsonb_build_array({}) as key from {} and s.reference_id = any($2)",
        key_texts(table).join(", "),
        rows(table.kind)
    )
}

/// Deletes the rows whose keys, in `$2`, no lesson of the course has any more.
pub(super) fn remove(table: &CheckedTable) -> String {
    let course = match &table.course {
        CourseColumns::Reference { column, pieces } => format!("t.{column} = {}", course_id(pieces)),
        CourseColumns::Names(columns) => {
            let equal = |column: &CheckedColumn| format!("t.{} = {}", column.name, value(table.kind, column));
            columns.iter().map(equal).collect::<Vec<_>>().join(" and ")
        }
    };
    let of_key = table.key.iter().enumerate();
    // Without its length, which would shorten a key to that of another lesson.
    let of_key =
        of_key.map(|(at, column)| format!("t.{} = (k.key ->> {at})::{}", column.name, column.base_type));
    let still = key_texts(table);
    let still = still.iter().enumerate().map(|(at, text)| format!("{text} = k.key ->> {at}"));
    format!(
        "delete from {} as t using forebay.content_pieces as p, jsonb_array_elements($2::jsonb) as k (key) \
         where p.piece_id = $1 and {course} and {} \
         and not exists (select from forebay.course_lessons as s where s.piece_id = $1 and {})",
        table.name,
        of_key.collect::<Vec<_>>().join(" and "),
        still.collect::<Vec<_>>().join(" and ")
    )
}

fn key_texts(table: &CheckedTable) -> Vec<String> {
    table.key.iter().map(|column| format!("s.{}::text", column.field.name)).collect()
}

/// The id that the user's table of courses gives to the course `p`.
fn course_id(pieces: &CheckedTable) -> String {
    let CourseColumns::Names(names) = &pieces.course else { return "null".to_owned() };
    let equal = |column: &CheckedColumn| format!("u.{} = {}", column.name, value(pieces.kind, column));
    let id = pieces.id.as_ref().map(|id| id.name.to_string()).unwrap_or_default();
    format!(
        "(select u.{id} from {} as u where {})",
        pieces.name,
        names.iter().map(equal).collect::<Vec<_>>().join(" and ")
    )
}

/// A field in the type of its column.
fn value(kind: OwnTableKind, column: &CheckedColumn) -> String {
    let field = column.field;
    let is_of_piece = kind == OwnTableKind::Pieces
        || COURSE_FIELDS.contains(&field)
        || (kind == OwnTableKind::Metadata && matches!(field.name, "title" | "keywords" | "status"));
    let alias = if is_of_piece { "p" } else { "s" };
    let name = format!("{alias}.{}", field.name);
    let is_text = column.category == "S";
    match field.field_type {
        FieldType::Hash if is_text => format!("encode({name}, 'hex')"),
        FieldType::Json if is_text => format!("({name})::text"),
        FieldType::Texts if column.category != "A" => format!("to_jsonb({name})::{}", column.sql_type),
        // Assignment, not a cast: a cast silently truncates text for varchar(n).
        FieldType::Text | FieldType::Words(_) if is_text => name,
        // The same for varchar(n)[].
        FieldType::Texts => format!("({name})::{}", column.base_type),
        _ => format!("({name})::{}", column.sql_type),
    }
}
