//! Linters of other projects on what the migrations make. Each is skipped if it is not installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use forebay_store::{
    migrations,
    profiles::{self, ScopeColumns},
    tables::SchemaName,
    testing,
};

use crate::supabase;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rules that are off, with the reason of each, are in `.squawk.toml`.
#[test]
fn squawk_finds_nothing_in_the_exported_migrations() {
    let program = root().join("target/parts/squawk/bin/squawk");
    if !program.exists() {
        eprintln!("skipped: run scripts/parts.sh to install squawk");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.arg("--config").arg(root().join(".squawk.toml"));
    for file in migrations::scripts() {
        let path = folder.path().join(file.name);
        fs::write(&path, file.text).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn plpgsql_check_finds_nothing_in_any_function() {
    let database = testing::database().await;
    let mut client = database.client().await;
    let is_installed = "select exists (select from pg_available_extensions where name = 'plpgsql_check')";
    if !client.query_one(is_installed, &[]).await.unwrap().get::<_, bool>(0) {
        eprintln!("skipped: run scripts/parts.sh to install plpgsql_check");
        return;
    }
    client.batch_execute("create extension plpgsql_check").await.unwrap();
    // The table of this profile is the only one with two of the trigger functions.
    let columns = ScopeColumns::parse(&["semester".to_owned()]).unwrap();
    let schema = SchemaName::parse("app").unwrap();
    profiles::create_freshness(&mut client, &schema, &columns).await.unwrap();
    // A trigger function is checked for each table with such a trigger.
    let check = "select f.oid::regprocedure::text || ': ' || c.message
        from pg_proc as f
        join pg_language as l on l.oid = f.prolang
        left join pg_trigger as t on t.tgfoid = f.oid
        cross join lateral plpgsql_check_function_tb(f.oid, coalesce(t.tgrelid, 0), oldtable => nullif(t.tgoldtable, ''),
            newtable => nullif(t.tgnewtable, ''), security_warnings => true) as c
        where f.pronamespace in ('forebay'::regnamespace, 'forebay_private'::regnamespace)
            and l.lanname = 'plpgsql' and c.level in ('error', 'security')
            -- Their statements are made of names from the catalogue, all quoted.
            and not (f.proname in ('apply_access', 'close_table', 'drop_profile', 'open_profile', 'show_sync')
                and c.message = 'text type variable is not sanitized')";
    let found: Vec<String> = client.query(check, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(found, [""; 0]);
}

/// As in a project that exposes both schemas.
#[tokio::test(flavor = "multi_thread")]
async fn the_advisors_of_supabase_warn_of_nothing() {
    let Some(program) = supabase::program() else {
        eprintln!("skipped: run scripts/parts.sh to install the Supabase CLI");
        return;
    };
    let database = testing::database().await;
    let prepare = "do $$
        begin
            execute format('alter database %I set pgrst.db_schemas = %L', current_database(), 'public, forebay, forebay_api');
        end $$;
        grant usage on schema forebay, forebay_api to anon, authenticated, service_role";
    let mut client = database.client().await;
    profiles::create_api(&mut client, &SchemaName::parse(profiles::API_SCHEMA).unwrap()).await.unwrap();
    client.batch_execute(prepare).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let advise = || {
        Command::new(&program)
            .args(["db", "advisors", "--fail-on", "warn", "--level", "warn"])
            .arg(format!("--remote={}", database.tcp_url()))
            .arg("--workdir")
            .arg(folder.path())
            .env("HOME", folder.path())
            .output()
            .unwrap()
    };
    let output = tokio::task::block_in_place(advise);
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}
