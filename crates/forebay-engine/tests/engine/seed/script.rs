//! The script that fills an empty database: it is generated from what `seed` makes.

use std::{fmt::Write as _, fs, path::Path};

use tokio_postgres::Client;

use super::{COUNTS, Stage, TABLES};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/seed/seed.sql");

/// Tables whose rows the migrations insert, or that hold only leases.
const LEFT_OUT: [&str; 4] = ["schema_migrations", "failure_policies", "scope_leases", "ingestion_cursors"];

const HEAD: &str = "\
-- Forebay: made-up data that shows every state. Written by `forebay db export --seed`; don't change it.
do $seed$
declare
    base timestamptz := now();
begin
    if exists (select from forebay.sources) or exists (select from forebay.pipelines where name <> 'documents') then
        raise exception 'database_not_empty: the database holds data of Forebay' using
            hint = 'apply this script to a database that has just been migrated';
    end if;
";

/// Writes the rows of all tables as inserts.
async fn dump(client: &Client) -> String {
    let mut script = HEAD.to_owned();
    let base = "(select last_sync from forebay.sync_metadata where entity_type = 'seed')";
    // Foreign keys point to the tables that come first.
    let tables = "select c.relname::text, substring(pg_get_partkeydef(c.oid) from '[(](.*)[)]') from pg_class as c \
         where c.relnamespace = 'forebay'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition \
         order by array_position(array['sources', 'pipelines', 'scrape_runs', 'references', 'content_pieces'], \
             c.relname::text) nulls last, c.relname::text";
    for row in client.query(tables, &[]).await.unwrap() {
        let (table, month_of): (String, Option<String>) = (row.get(0), row.get(1));
        if LEFT_OUT.contains(&table.as_str()) {
            continue;
        }
        let columns = format!(
            "select quote_ident(a.attname), a.atttypid::regtype::text, a.attidentity::text \
             from pg_attribute as a where a.attrelid = 'forebay.\"{table}\"'::regclass and a.attnum > 0 \
                 and not a.attisdropped and a.attgenerated = '' order by a.attnum"
        );
        let columns: Vec<(String, String, String)> = client
            .query(&columns, &[])
            .await
            .unwrap()
            .iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect();
        let relative = |value: &str| {
            format!("'base - interval ''' || round(extract(epoch from {base} - {value}), 6) || ' s'''")
        };
        let values: Vec<String> = columns
            .iter()
            .map(|(name, kind, _)| match kind.as_str() {
                "timestamp with time zone" => format!("coalesce({}, 'null')", relative(name)),
                "timestamp with time zone[]" => format!(
                    "'array[' || coalesce((select string_agg({}, ', ' order by u.ord) \
                         from unnest({name}) with ordinality as u (t, ord)), '') || ']::timestamptz[]'",
                    relative("u.t")
                ),
                _ => format!("quote_nullable({name}::text)"),
            })
            .collect();
        let only = if table == "pipelines" { "where name <> 'documents'" } else { "" };
        let row_text = values.join(" || ', ' || ");
        let rows = format!("select '(' || {row_text} || ')' from forebay.\"{table}\" {only} order by 1");
        let rows: Vec<String> =
            client.query(&rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        if rows.is_empty() {
            continue;
        }
        if let Some(time) = month_of {
            let days = format!(
                "select distinct ceil(extract(epoch from {base} - {time}) / 86400)::int from forebay.{table} order by 1"
            );
            for row in client.query(&days, &[]).await.unwrap() {
                let days: i32 = row.get(0);
                for days in [days, days - 1] {
                    writeln!(
                        script,
                        "    perform forebay_private.ensure_month('{table}', base - interval '{days} days');"
                    )
                    .unwrap();
                }
            }
        }
        let names: Vec<&str> = columns.iter().map(|(name, ..)| name.as_str()).collect();
        let identity = columns.iter().find(|(.., identity)| !identity.is_empty());
        let overriding = if identity.is_some() { " overriding system value" } else { "" };
        writeln!(
            script,
            "    insert into forebay.\"{table}\" ({}){overriding} values\n    {};",
            names.join(", "),
            rows.join(",\n    ")
        )
        .unwrap();
        if let Some((name, ..)) = identity {
            writeln!(
                script,
                "    perform setval(pg_get_serial_sequence('forebay.\"{table}\"', '{name}'), \
                 (select max({name}) from forebay.\"{table}\"));"
            )
            .unwrap();
        }
    }
    script.push_str("end $seed$;\n");
    script
}

#[tokio::test]
async fn it_makes_what_the_command_makes() {
    let seeded = Stage::open().await;
    seeded.seed(false).await.unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(Path::new(FILE), dump(&seeded.test.client().await).await).unwrap();
    }
    let script = fs::read_to_string(FILE).unwrap();
    assert!(!script.contains("/tmp"), "it names a file of this machine");

    let applied = Stage::open().await;
    applied.execute(&script).await;
    for query in COUNTS {
        assert_eq!(applied.counted(query).await, seeded.counted(query).await, "{query}");
    }
    for table in applied.words(TABLES).await {
        let rows = format!("select 'row' from forebay.\"{table}\"");
        // A slow machine stores where expensive scans ended.
        if !["scope_leases", "ingestion_cursors"].contains(&table.as_str()) {
            assert_eq!(applied.counted(&rows).await, seeded.counted(&rows).await, "{table}");
        }
    }
    // The sequences go on after its ids, and the program knows the data as loaded.
    assert!(!applied.seed(false).await.unwrap().is_new);
    let again = applied.test.client().await.batch_execute(&script).await.unwrap_err();
    assert!(again.as_db_error().unwrap().message().starts_with("database_not_empty"), "{again:?}");
    let next = "insert into forebay.scrape_runs (source_id, scope, status, is_complete, with_handoffs, engine, input, observed_at) \
         select source_id, 'next', 'running', true, true, 'test', '-', now() from forebay.sources where name = 'seed.rooms'";
    applied.execute(next).await;
}
