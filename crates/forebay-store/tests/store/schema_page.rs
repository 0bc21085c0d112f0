//! Generates `docs/reference/schema.md` from the comments in the database.
//!
//! `UPDATE_DOCS=1 cargo test -p forebay-store --test store schema_page` regenerates the page.

use std::{env, fmt::Write, fs, path::Path};

use forebay_store::{migrations, testing};

/// The tables in which courses are stored; they are described first, because people query them by hand.
const CONTENT: [&str; 7] = [
    "content_pieces",
    "course_metadata",
    "curriculum_approvals",
    "course_lessons",
    "market_research",
    "content_performance",
    "content_tags",
];

const TABLES: &str = "
    select c.relname::text as name, obj_description(c.oid, 'pg_class') as comment
    from pg_class as c
    where c.relnamespace = 'forebay'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
    order by c.relname";
const COLUMNS: &str = "
    select a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as is_required,
        col_description(a.attrelid, a.attnum) as comment
    from pg_attribute as a
    where a.attrelid = to_regclass('forebay.' || quote_ident($1)) and a.attnum > 0 and not a.attisdropped
    order by a.attnum";
const CONSTRAINTS: &str = "
    select pg_get_constraintdef(k.oid) as definition
    from pg_constraint as k
    where k.conrelid = to_regclass('forebay.' || quote_ident($1)) and k.contype in ('p', 'u', 'f') and k.conparentid = 0
    order by array_position(array['p', 'u', 'f'], k.contype::text), k.conname";

#[tokio::test]
async fn the_page_describes_every_table() {
    let database = testing::empty_database().await;
    let mut client = database.client().await;
    migrations::up(&mut client).await.unwrap();
    let mut tables: Vec<(String, Option<String>)> = client
        .query(TABLES, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get("name"), row.get("comment")))
        .collect();
    let place = |name: &str| CONTENT.iter().position(|content| *content == name).unwrap_or(CONTENT.len());
    tables.sort_by(|one, other| (place(&one.0), &one.0).cmp(&(place(&other.0), &other.0)));
    let mut page = String::from(
        "# Database schema\n\nThe tables of the schema `forebay`. Read them with SQL as you like; write them only through \
         Forebay. This page is generated from the comments in the database, so `\\d+` in `psql` shows the same.\n\n\
         Generated courses come first; the other tables follow by name.\n",
    );
    for (table, comment) in tables {
        let comment = comment.unwrap_or_else(|| panic!("forebay.{table} has no comment"));
        write!(
            page,
            "\n## {table}\n\n{comment}\n\n| column | type | null | meaning |\n| --- | --- | --- | --- |\n"
        )
        .unwrap();
        for row in client.query(COLUMNS, &[&table]).await.unwrap() {
            let (name, sql_type, is_required): (String, String, bool) =
                (row.get("name"), row.get("type"), row.get("is_required"));
            let comment: Option<String> = row.get("comment");
            let comment = comment.unwrap_or_else(|| panic!("forebay.{table}.{name} has no comment"));
            let null = if is_required { "no" } else { "yes" };
            writeln!(page, "| `{name}` | `{sql_type}` | {null} | {} |", comment.replace('|', "\\|")).unwrap();
        }
        page.push('\n');
        for row in client.query(CONSTRAINTS, &[&table]).await.unwrap() {
            writeln!(page, "- `{}`", row.get::<_, String>("definition").replace('"', "")).unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/schema.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, page, "run UPDATE_DOCS=1 cargo test -p forebay-store --test store schema_page");
}
