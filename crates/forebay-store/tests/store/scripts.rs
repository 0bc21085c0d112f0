//! The exported scripts, applied by `psql` and by the Supabase CLI: the same schema as `forebay db up`, and the user's
//! own tables untouched.

use std::{
    fs,
    process::{Command, Output},
};

use forebay_store::{
    migrations::{self, MIGRATIONS, MigrationState, SqlFile},
    profiles::{self, Profile, ProfileName},
    tables::SchemaName,
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

    let all: Vec<String> = migrations::scripts().into_iter().map(|file| file.text).collect();
    psql(&database, &all.join("\n"));
    dump::assert_same(&dump::schema(&database).await, &expected, "compared with `db up`");
    migrations::down(&mut database.client().await, 0).await.unwrap();
    assert!(dump::user_tables(&database).await == before);
}

/// The profile `api` as a script makes the same as `forebay db profile create api`, and can be reverted.
#[tokio::test]
async fn psql_makes_the_same_api() {
    let schema = SchemaName::parse("it's an API").unwrap();
    let database = empty_database().await;
    let mut client = database.client().await;
    migrations::up(&mut client).await.unwrap();
    let created = profiles::create_api(&mut client, &schema).await.unwrap();
    let objects = "select string_agg(a.line, ' ' order by a.line) from (
            select concat(c.oid::regclass, c.relacl, pg_get_viewdef(c.oid), obj_description(c.oid, 'pg_class')) as line
            from pg_class as c where c.relnamespace = '\"it''s an API\"'::regnamespace
            union all
            select concat(f.oid::regprocedure, f.proacl, pg_get_functiondef(f.oid))
            from pg_proc as f where f.pronamespace = '\"it''s an API\"'::regnamespace
        ) as a";
    let objects = async || -> String { client.query_one(objects, &[]).await.unwrap().get(0) };
    let expected = objects().await;

    let [script, rollback] = migrations::api_scripts(&schema);
    assert_eq!(script.name, rollback.name);
    psql(&database, &rollback.text);
    assert_eq!(profiles::list(&client).await.unwrap(), []);
    client.batch_execute("drop schema \"it's an API\"").await.unwrap();
    psql(&database, &script.text);
    assert_eq!(objects().await, expected);
    let listed = profiles::list(&client).await.unwrap();
    assert_eq!(listed, [Profile { created_at: listed[0].created_at, ..created }]);
    psql(&database, &rollback.text);
    client.batch_execute("drop schema \"it's an API\"").await.unwrap();
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
    let [api, _] = migrations::api_scripts(&SchemaName::parse(profiles::API_SCHEMA).unwrap());
    for SqlFile { name, text } in migrations::scripts().into_iter().chain([api]) {
        fs::write(folder.join(name), text).unwrap();
    }
    let url = database.tcp_url();
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
    let mut client = database.client().await;
    let listed = profiles::list(&client).await.unwrap();
    assert_eq!(listed.iter().map(|profile| &*profile.schema).collect::<Vec<_>>(), ["forebay_api"]);
    profiles::drop(&mut client, ProfileName::Api, &SchemaName::parse(profiles::API_SCHEMA).unwrap())
        .await
        .unwrap();
    client.batch_execute("drop table public.mine; drop schema forebay_api").await.unwrap();
    dump::assert_same(&dump::schema(&database).await, &expected, "compared with `db up`");
    assert!(dump::user_tables(&database).await == before);
    assert_eq!(migrations::up(&mut database.client().await).await.unwrap(), [0; 0]);
}
