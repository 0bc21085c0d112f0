//! Generates `docs/reference/database.md` and the objects that the doctor expects, from a migrated database.
//!
//! `UPDATE_DOCS=1 cargo test -p forebay-store --test store schema_page` regenerates both.

use std::fmt::Write;

use forebay_store::{access, doctor, migrations, testing};
use tokio_postgres::{Client, Row};

use crate::support::generated;

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

const RELATIONS: &str = "
    select c.relname::text as name, obj_description(c.oid, 'pg_class') as comment
    from pg_class as c
    where c.relnamespace = 'forebay'::regnamespace and c.relkind = any ($1) and not c.relispartition
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
        and to_jsonb(k) ->> 'conenforced' is distinct from 'false'
    order by array_position(array['p', 'u', 'f'], k.contype::text), k.conname";
const POLICIES: &str = "
    select format('%s to %s: %s', p.polname,
        coalesce((select string_agg(r.rolname, ', ' order by r.rolname) from pg_roles as r where r.oid = any (p.polroles)),
            'public'),
        case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
            else 'everything' end
        || coalesce(' where ' || pg_get_expr(p.polqual, p.polrelid), '')) as definition
    from pg_policy as p
    where p.polrelid = to_regclass('forebay.' || quote_ident($1))
    order by p.polname";
const FUNCTIONS: &str = "
    select f.proname::text as name, pg_get_function_arguments(f.oid) as arguments, pg_get_function_result(f.oid) as result,
        obj_description(f.oid, 'pg_proc') as comment, has_function_privilege('public', f.oid, 'execute') as is_public
    from pg_proc as f
    where f.pronamespace = 'forebay'::regnamespace and f.prorettype <> 'trigger'::regtype
    order by f.proname, 2";
/// Keys that the database enforces, and those that only Forebay keeps: columns with the name of another table's key.
const KEYS: &str = "
    select distinct r.relname::text as parent, c.relname::text as child, a.attname::text as column, true as is_enforced
    from pg_constraint as k
    join pg_class as c on c.oid = k.conrelid
    join pg_class as r on r.oid = k.confrelid
    join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.conkey[1]
    where k.connamespace = 'forebay'::regnamespace and k.contype = 'f' and k.conparentid = 0
        and to_jsonb(k) ->> 'conenforced' is distinct from 'false'
    union all
    select p.parent, c.relname, p.key, false
    from (values ('sources', 'source_id'), ('references', 'reference_id'), ('pipelines', 'pipeline_id'),
        ('scrape_runs', 'run_id'), ('scrape_runs', 'scrape_run_id')) as p (parent, key)
    join pg_attribute as a on a.attname = p.key and not a.attisdropped
    join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'forebay'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname <> p.parent
        and not exists (
            select from pg_constraint as k
            where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum]
                and to_jsonb(k) ->> 'conenforced' is distinct from 'false')
    order by 1, 2, 3";

const INTRODUCTION: &str = "# Database

This page is a reference: the schema `forebay`. Read it with SQL as you like; write it only through Forebay and the functions
below. The page is generated from the comments in the database, so `\\d+` in `psql` shows the same.

`forebay db up` creates it, and `forebay db export` writes the same as SQL. Objects of the schema `forebay_private` are
internal.

## Look-ups

These conditions use an index:

| to find | condition |
| --- | --- |
| a record by its key | `reference_id = forebay.reference_id('SOURCE', 'KEY')`; after a re-key, `reference_aliases` maps that id |
| the records of a type | `source_id in (select source_id from forebay.sources where entity_type = 'TYPE') and removed_at is null` |
| the records of a scope | `source_id = … and scope = '…' and removed_at is null` |
| the changes of a record | `reference_revisions.reference_id = …` |
| the changes of a period | `reference_revisions.changed_at >= … and changed_at < …` |
| the runs of a source by time | `scrape_runs.source_id = … order by started_at desc limit …` |
| the log of a run | `scrape_logs.run_id = …`, also with `level in ('warn', 'error')` |
| log lines of all runs by their words | `select * from forebay.search_logs('WORDS', now() - interval '7 days')` |

Conditions on `record_key` or `entity_type` alone read the whole table. [Indexes](indexes.md) lists more queries, what they cost,
and what each index is for.

## Relations

A solid line is a foreign key. A dotted line is a key that Forebay keeps without one, because each record writes such a row.

";

#[tokio::test]
async fn the_page_describes_every_object() {
    let database = testing::empty_database().await;
    let mut client = database.client().await;
    migrations::up(&mut client).await.unwrap();
    // The policies of all roles.
    access::create_roles(&mut client).await.unwrap();
    let mut page = INTRODUCTION.to_owned();
    diagram(&client, &mut page).await;
    page.push_str("## Tables\n\nGenerated courses come first; the other tables follow by name.\n");
    let mut tables = described(&client, &["r", "p"]).await;
    let place = |name: &str| CONTENT.iter().position(|content| *content == name).unwrap_or(CONTENT.len());
    tables.sort_by(|one, other| (place(&one.0), &one.0).cmp(&(place(&other.0), &other.0)));
    for (table, comment) in tables {
        write_table(&client, &mut page, &table, &comment).await;
    }
    page.push_str("\n## Views\n");
    for (view, comment) in described(&client, &["v"]).await {
        let columns = client.query(COLUMNS, &[&view]).await.unwrap();
        let columns: Vec<String> =
            columns.iter().map(|row| format!("`{}` {}", text(row, "name"), text(row, "type"))).collect();
        write!(page, "\n### {view}\n\n{comment}\n\nColumns: {}.\n", columns.join(", ")).unwrap();
    }
    page.push_str("\n## Functions\n");
    for row in client.query(FUNCTIONS, &[]).await.unwrap() {
        let (name, result) = (text(&row, "name"), text(&row, "result"));
        let comment = comment(&row, &name);
        let caller = if row.get("is_public") {
            "Everyone may call it."
        } else {
            "Only roles with a grant may call it."
        };
        write!(
            page,
            "\n### {name}\n\n```sql\nforebay.{name}({}) returns {result}\n```\n\n{comment} {caller}\n",
            text(&row, "arguments")
        )
        .unwrap();
    }
    generated("docs/reference/database.md", &page, "schema_page");
    let objects = doctor::object_lines(&mut client).await.unwrap();
    generated("crates/forebay-store/src/doctor/objects.txt", &objects, "schema_page");
}

fn text(row: &Row, column: &str) -> String {
    row.get(column)
}

fn comment(row: &Row, of: &str) -> String {
    row.get::<_, Option<String>>("comment").unwrap_or_else(|| panic!("forebay.{of} has no comment"))
}

async fn described(client: &Client, kinds: &[&str]) -> Vec<(String, String)> {
    let kinds: Vec<i8> = kinds.iter().map(|kind| kind.as_bytes()[0].cast_signed()).collect();
    let rows = client.query(RELATIONS, &[&kinds]).await.unwrap();
    rows.iter().map(|row| (text(row, "name"), comment(row, &text(row, "name")))).collect()
}

/// The relations between tables, in the syntax of Mermaid.
async fn diagram(client: &Client, page: &mut String) {
    page.push_str("```mermaid\nerDiagram\n");
    for row in client.query(KEYS, &[]).await.unwrap() {
        let line = if row.get("is_enforced") { "||--o{" } else { "||..o{" };
        let (parent, child, column) = (text(&row, "parent"), text(&row, "child"), text(&row, "column"));
        writeln!(page, "    \"{parent}\" {line} \"{child}\" : {column}").unwrap();
    }
    page.push_str("```\n\n");
}

async fn write_table(client: &Client, page: &mut String, table: &str, comment_of_table: &str) {
    write!(
        page,
        "\n### {table}\n\n{comment_of_table}\n\n| column | type | null | meaning |\n| --- | --- | --- | --- |\n"
    )
    .unwrap();
    for row in client.query(COLUMNS, &[&table]).await.unwrap() {
        let (name, null) = (text(&row, "name"), if row.get("is_required") { "no" } else { "yes" });
        let meaning = comment(&row, &format!("{table}.{name}")).replace('|', "\\|");
        writeln!(page, "| `{name}` | `{}` | {null} | {meaning} |", text(&row, "type")).unwrap();
    }
    page.push('\n');
    for row in client.query(CONSTRAINTS, &[&table]).await.unwrap() {
        writeln!(page, "- `{}`", text(&row, "definition").replace('"', "")).unwrap();
    }
    for row in client.query(POLICIES, &[&table]).await.unwrap() {
        writeln!(page, "- policy `{}`", text(&row, "definition")).unwrap();
    }
}
