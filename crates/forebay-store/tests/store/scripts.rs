//! The exported scripts, applied by `psql` and by the Supabase CLI: the same schema as `forebay db up`, and the user's
//! own tables untouched.

use std::{
    fs,
    process::{Command, Output},
};

use forebay_store::{
    migrations::{self, MIGRATIONS, MigrationState, SqlFile},
    testing::{TestDatabase, empty_database},
    tools,
};

use crate::{dump, supabase};

/// What a scraper's database contains before Forebay comes.
const USER_TABLES: &str = "
    create table public.event_sources (id serial primary key, name text unique, url text);
    create table public.events (id serial primary key, source_id int references public.event_sources, title text,
        starts_at timestamptz, payload jsonb);
    create table public.scrape_jobs (id serial primary key, source_id int references public.event_sources, status text);
    create table public.profiles (id uuid primary key, email text);
    create table public.courses (id serial primary key, code text unique, title text);
    create table public.professors (id serial primary key, name text, course_id int references public.courses);
    create view public.upcoming as select e.title, s.name from public.events as e
        join public.event_sources as s on s.id = e.source_id;
    insert into public.event_sources (name, url) values ('museum', 'https://museum.example'), ('park', null);
    insert into public.events (source_id, title, starts_at, payload)
        values (1, 'Opening', '2026-05-01', '{\"room\": 1}'), (2, 'Picnic', '2026-06-01', null);
    insert into public.scrape_jobs (source_id, status) values (1, 'done'), (2, 'failed');
    insert into public.profiles values ('00000000-0000-0000-0000-000000000001', 'a@example.com');
    insert into public.courses (code, title) values ('CSC-126', 'Beginning'), ('HST-101', 'Ancient Worlds');
    insert into public.professors (name, course_id) values ('Ada', 1), ('Herodotus', 2);";

/// The schema that Forebay makes by itself.
async fn expected() -> String {
    let database = empty_database().await;
    migrations::up(&mut database.client().await).await.unwrap();
    dump::schema(&database).await
}

fn psql(database: &TestDatabase, script: &str) {
    let tool = tools::find("psql", 15).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.sql");
    fs::write(&file, script).unwrap();
    let output = Command::new(tool.program)
        .args(["--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-f"])
        .arg(file)
        .arg(database.url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

async fn num_applied(database: &TestDatabase) -> usize {
    let lines = migrations::status(&database.client().await).await.unwrap();
    lines.iter().filter(|line| line.state == MigrationState::Applied).count()
}

#[tokio::test]
async fn psql_makes_the_same_schema_and_leaves_other_tables_alone() {
    let expected = expected().await;
    let database = empty_database().await;
    database.client().await.batch_execute(USER_TABLES).await.unwrap();
    let before = dump::user_tables(&database).await;
    for SqlFile { text, .. } in migrations::scripts() {
        psql(&database, &text);
    }
    assert!(dump::user_tables(&database).await == before);
    assert_eq!(num_applied(&database).await, MIGRATIONS.len());
    dump::assert_same(&dump::schema(&database).await, &expected, "compared with `db up`");
    assert_eq!(
        migrations::up(&mut database.client().await).await.unwrap(),
        [0; 0],
        "nothing is left to apply"
    );

    for SqlFile { text, .. } in migrations::rollbacks() {
        psql(&database, &text);
    }
    assert!(dump::user_tables(&database).await == before);
    let left = "select count(*) from pg_namespace where nspname like 'forebay%'";
    let num_left: i64 = database.client().await.query_one(left, &[]).await.unwrap().get(0);
    assert_eq!((num_applied(&database).await, num_left), (0, 0));

    psql(&database, &migrations::script());
    dump::assert_same(&dump::schema(&database).await, &expected, "compared with `db up`");
    migrations::down(&mut database.client().await, 0).await.unwrap();
    assert!(dump::user_tables(&database).await == before);
}

#[test]
fn names_have_14_digits_in_order_and_texts_begin_no_transaction() {
    let files = migrations::scripts();
    let digits: Vec<&str> = files.iter().map(|file| file.name.split_at(14).0).collect();
    assert!(digits.is_sorted() && digits.iter().all(|text| text.bytes().all(|byte| byte.is_ascii_digit())));
    assert_eq!(files[0].name, "20260101000001_forebay_sources_and_runs.sql");
    let mut reverted = migrations::rollbacks();
    reverted.reverse();
    for (file, other) in files.iter().zip(&reverted) {
        assert_eq!(file.name, other.name);
        for text in [&file.text, &other.text] {
            let line = text.lines().find(|line| ["begin;", "commit;", "rollback;"].contains(&line.trim()));
            assert_eq!(line, None, "{}", file.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn supabase_db_push_makes_the_same_schema() {
    let Some(program) = supabase::program() else {
        eprintln!("skipped: run scripts/parts.sh to install the Supabase CLI");
        return;
    };
    let expected = expected().await;
    let database = empty_database().await;
    database.client().await.batch_execute(USER_TABLES).await.unwrap();
    let before = dump::user_tables(&database).await;
    let project = tempfile::tempdir().unwrap();
    let folder = project.path().join("supabase/migrations");
    fs::create_dir_all(&folder).unwrap();
    // The user's own migration, which comes first.
    fs::write(folder.join("20250101000000_mine.sql"), "create table public.mine (id int);").unwrap();
    for SqlFile { name, text } in migrations::scripts() {
        fs::write(folder.join(name), text).unwrap();
    }
    let url = supabase::url(&database);
    let push = || -> Output {
        Command::new(&program)
            .args(["db", "push", "--yes", "--db-url", &url, "--workdir"])
            .arg(project.path())
            .env("HOME", project.path())
            .output()
            .unwrap()
    };
    let output = tokio::task::block_in_place(push);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(num_applied(&database).await, MIGRATIONS.len());
    dump::assert_same(&dump::schema(&database).await, &expected, "compared with `db up`");
    database.client().await.batch_execute("drop table public.mine").await.unwrap();
    assert!(dump::user_tables(&database).await == before);
    assert_eq!(migrations::up(&mut database.client().await).await.unwrap(), [0; 0]);
}
