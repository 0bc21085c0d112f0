//! The embedded cluster: creating it, sharing it, killing it in every way, and refusing it.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use forebay_store::{
    Error,
    cluster::{self, Cluster, ClusterOptions, Stopped},
    testing,
};
use rustix::process::Signal;
use tokio_postgres::NoTls;

use crate::support::{Joiner, Place, eventually, kill};

async fn answer(cluster: &Cluster, sql: &str) -> String {
    let (client, connection) = cluster.config().connect(NoTls).await.unwrap();
    let driving = tokio::spawn(connection);
    let row = client.query_typed_one(&format!("select ({sql})::text"), &[]).await.unwrap();
    driving.abort();
    row.get(0)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Not a test: the code of the processes that other tests start.
#[tokio::test]
#[ignore = "run by other tests, as another process"]
async fn joins_for_another_test() {
    let data_dir = PathBuf::from(std::env::var_os("FOREBAY_TEST_JOIN").unwrap());
    match Cluster::join(&ClusterOptions { data_dir, ..testing::cluster_options() }).await {
        Ok(cluster) => {
            println!("\n::joined");
            std::io::stdin().read_line(&mut String::new()).unwrap();
            cluster.leave().await.unwrap();
        }
        Err(error) => println!("\n::{}", error.code()),
    }
}

#[tokio::test]
async fn the_first_use_creates_it_and_the_last_one_to_leave_stops_it() {
    let place = Place::new();
    let first = Cluster::join(&place.options()).await.unwrap();
    assert_eq!(answer(&first, "current_user || '/' || current_database()").await, "forebay/forebay");
    assert_eq!(answer(&first, "current_setting('listen_addresses')").await, "");
    assert_eq!(answer(&first, "current_setting('server_encoding')").await, "UTF8");
    let pid = place.pid().await;
    assert!(pid.is_some());

    let second = Cluster::join(&place.options()).await.unwrap();
    let mut other_process = Joiner::start(&place);
    assert_eq!(other_process.word(), "joined");
    assert_eq!(place.pid().await, pid, "there is one server for all");

    first.leave().await.unwrap();
    drop(second);
    assert_eq!(place.pid().await, pid, "the server runs while someone uses it");
    other_process.leave();
    assert_eq!(place.pid().await, None, "the last one to leave stops it");
    let status = cluster::status(&place.data_dir()).await.unwrap();
    assert!(status.major.is_some() && !status.in_use, "{status:?}");
}

#[tokio::test]
async fn data_survives_a_restart() {
    let place = Place::new();
    let durable = ClusterOptions::new(place.data_dir());
    let cluster = Cluster::join(&durable).await.unwrap();
    assert_eq!(
        answer(&cluster, "current_setting('fsync') || current_setting('full_page_writes')").await,
        "onon"
    );
    let (client, connection) = cluster.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("create table kept as select 42 as answer").await.unwrap();
    cluster.leave().await.unwrap();

    let cluster = Cluster::join(&durable).await.unwrap();
    assert_eq!(answer(&cluster, "select answer from kept").await, "42");
}

#[tokio::test]
async fn the_folders_are_private() {
    let place = Place::new();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    for folder in ["postgres", "socket"] {
        let metadata = fs::metadata(place.data_dir().join(folder)).unwrap();
        assert_eq!(metadata.mode() & 0o777, 0o700, "{folder}");
        assert_ne!(metadata.uid(), 0, "{folder} belongs to the server's user, never to root");
    }
    drop(cluster);
}

#[tokio::test]
async fn many_processes_may_join_a_new_cluster_at_once() {
    let place = Place::new();
    let mut joiners: Vec<Joiner> = (0..6).map(|_| Joiner::start(&place)).collect();
    for joiner in &mut joiners {
        assert_eq!(joiner.word(), "joined");
    }
    joiners.into_iter().for_each(Joiner::leave);
    assert_eq!(place.pid().await, None);
}

#[tokio::test]
async fn a_killed_server_is_started_again() {
    let place = Place::new();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    let (client, connection) = cluster.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    // A busy backend does not notice at once that its postmaster is gone.
    let busy = tokio::spawn(async move {
        client.batch_execute("select count(*) from generate_series(1, 20000000)").await
    });
    let running = "exists (select from pg_stat_activity where state = 'active' and \
        query like 'select count(*) from generate_series%')";
    eventually("the backend is busy", || async { answer(&cluster, running).await == "true" }).await;
    let killed = place.pid().await.unwrap();
    kill(killed, Signal::KILL);

    let again = Cluster::join(&place.options()).await.unwrap();
    assert_eq!(answer(&again, "1 + 1").await, "2");
    assert_ne!(place.pid().await, Some(killed));
    busy.abort();
    drop(cluster);
    again.leave().await.unwrap();
    assert_eq!(place.pid().await, None);
}

#[tokio::test]
async fn a_stale_process_id_that_another_process_has_now_is_ignored() {
    let place = Place::new();
    Cluster::join(&place.options()).await.unwrap().leave().await.unwrap();
    // As after a reboot: the file contains the id of a process that is not a server.
    let stale = place.data_dir().join("postgres/postmaster.pid");
    fs::write(&stale, format!("{}\n{}\n", std::process::id(), place.data_dir().join("postgres").display()))
        .unwrap();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    assert_eq!(answer(&cluster, "1").await, "1");
}

#[tokio::test]
async fn a_killed_user_blocks_nobody() {
    let place = Place::new();
    let mut other = Joiner::start(&place);
    assert_eq!(other.word(), "joined");
    other.kill();
    let pid = place.pid().await;
    assert!(pid.is_some(), "the server still runs");
    assert!(!cluster::status(&place.data_dir()).await.unwrap().in_use);

    let cluster = Cluster::join(&place.options()).await.unwrap();
    assert_eq!(place.pid().await, pid, "the running server is used");
    cluster.leave().await.unwrap();
    assert_eq!(place.pid().await, None);
}

#[tokio::test]
async fn stopping_by_hand_spares_a_cluster_that_is_in_use() {
    let place = Place::new();
    assert_eq!(cluster::stop(&place.data_dir(), false).await.unwrap(), Stopped::NotRunning);
    let cluster = Cluster::join(&place.options()).await.unwrap();
    let error = cluster::stop(&place.data_dir(), false).await.unwrap_err();
    assert_eq!(error.code(), "busy");
    assert_eq!(cluster::stop(&place.data_dir(), true).await.unwrap(), Stopped::Stopped);
    assert_eq!(place.pid().await, None);
    cluster.leave().await.unwrap();
    assert_eq!(cluster::stop(&place.data_dir(), false).await.unwrap(), Stopped::NotRunning);
}

#[tokio::test]
async fn another_major_version_is_refused_with_both_versions() {
    let place = Place::new();
    fs::create_dir_all(place.data_dir().join("postgres")).unwrap();
    fs::set_permissions(place.data_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(place.data_dir().join("postgres/PG_VERSION"), "14\n").unwrap();
    let error = Cluster::join(&place.options()).await.unwrap_err();
    assert_eq!(error.code(), "cluster_version_mismatch");
    assert!(error.is_unreachable());
    let Error::ClusterVersionMismatch { found, installed, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*found, 14);
    assert!(!installed.is_empty() && error.to_string().contains(&installed[0].to_string()), "{error}");
}

#[tokio::test]
async fn missing_programs_are_reported_with_how_to_install_them() {
    let place = Place::new();
    let options = ClusterOptions { bin_dirs: Some(vec![place.folder().to_path_buf()]), ..place.options() };
    let error = Cluster::join(&options).await.unwrap_err();
    assert_eq!(error.code(), "cluster_binaries_missing");
    assert!(error.hint().unwrap().contains("install"), "{:?}", error.hint());
}

#[tokio::test]
async fn an_interrupted_initialisation_is_done_again() {
    // On a loaded machine initdb may end before this test notices that it has begun.
    let mut place = Place::new();
    while !interrupt_initialisation(&place).await {
        place = Place::new();
    }

    let cluster = Cluster::join(&place.options()).await.unwrap();
    assert_eq!(answer(&cluster, "current_database()").await, "forebay");
    cluster.leave().await.unwrap();
}

/// Kills the process that initialises the cluster. Returns whether initdb was still running.
async fn interrupt_initialisation(place: &Place) -> bool {
    let joiner = Joiner::start(place);
    let begun = || async {
        let entries = fs::read_dir(place.data_dir()).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|path| path.join("global").exists())
    };
    eventually("initdb has begun", begun).await;
    // The orphaned initdb may still write for a moment, like after a real kill.
    joiner.kill();
    // The folder gets its name when it is complete.
    !place.data_dir().join("postgres").exists()
}

#[tokio::test]
async fn a_missing_database_is_created_at_the_next_start() {
    let place = Place::new();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    let mut config = cluster.config();
    let (client, connection) = config.dbname("postgres").connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("drop database forebay").await.unwrap();
    let again = Cluster::join(&place.options()).await.unwrap();
    assert_eq!(answer(&again, "current_database()").await, "forebay");
}

#[tokio::test]
async fn a_server_that_cannot_start_shows_its_log() {
    let place = Place::new();
    Cluster::join(&place.options()).await.unwrap().leave().await.unwrap();
    fs::remove_dir_all(place.data_dir().join("postgres/global")).unwrap();
    // A server that has ended is not waited for.
    let patient = ClusterOptions { start_timeout: Duration::from_hours(1), ..place.options() };
    let error = tokio::time::timeout(Duration::from_mins(5), Cluster::join(&patient)).await;
    let error = error.expect("it does not wait for the timeout").unwrap_err();
    assert_eq!(error.code(), "cluster_start_failed");
    assert!(error.to_string().contains("global"), "{error}");
    assert!(error.hint().unwrap().contains("server.log"));
}

#[tokio::test]
async fn a_long_path_with_odd_characters_works() {
    let place = Place::new();
    let data_dir = place.folder().join("a b, c's \"folder\" with $HOME and `id`").join("long-".repeat(20));
    let options = ClusterOptions { data_dir: data_dir.clone(), ..testing::cluster_options() };
    let cluster = Cluster::join(&options).await.unwrap();
    assert_eq!(answer(&cluster, "1").await, "1");
    let socket = cluster::status(&data_dir).await.unwrap().socket.unwrap();
    assert!(!socket.starts_with(&data_dir), "{}", socket.display());
    cluster.leave().await.unwrap();
    fs::remove_dir_all(socket).unwrap();
}

#[tokio::test]
async fn the_error_names_the_folder_that_the_server_cannot_enter() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let closed = place.folder().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let error = Cluster::join(&ClusterOptions::new(closed.join("inner/data"))).await.unwrap_err();
    assert_eq!(error.code(), "cluster_forbidden");
    assert!(error.to_string().contains(closed.to_str().unwrap()), "{error}");
    assert!(error.hint().unwrap().contains("--data-dir"));
    assert_eq!(fs::metadata(&closed).unwrap().mode() & 0o777, 0o700, "nobody's folders are opened");
    assert_eq!(fs::read_dir(&closed).unwrap().count(), 0, "a refusal leaves nothing behind");
}

#[tokio::test]
async fn root_may_give_an_empty_folder_that_is_closed() {
    let place = Place::new();
    fs::create_dir(place.data_dir()).unwrap();
    fs::set_permissions(place.data_dir(), fs::Permissions::from_mode(0o700)).unwrap();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    assert_eq!(answer(&cluster, "1").await, "1");
}

/// Runs this binary as an unprivileged user, from a place that the user can access.
fn as_ordinary_user(place: &Place) -> Command {
    let program = place.folder().join("tests");
    if !program.exists() {
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(program);
    command.uid(65_534).gid(65_534).current_dir("/");
    command
}

#[tokio::test]
async fn an_ordinary_user_has_a_cluster_and_root_may_join_it() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let mut joiner = Joiner::run(as_ordinary_user(&place), &place.data_dir());
    assert_eq!(joiner.word(), "joined");
    assert_eq!(owner(&place.data_dir()), 65_534);
    assert_eq!(owner(&place.data_dir().join("postgres")), 65_534);
    let cluster = Cluster::join(&place.options()).await.unwrap();
    joiner.leave();
    cluster.leave().await.unwrap();
    assert_eq!(place.pid().await, None);

    // Files that root created in the user's folder don't lock the user out.
    Cluster::join(&place.options()).await.unwrap().leave().await.unwrap();
    let mut joiner = Joiner::run(as_ordinary_user(&place), &place.data_dir());
    assert_eq!(joiner.word(), "joined");
    joiner.leave();
}

#[tokio::test]
async fn an_ordinary_user_is_kept_out_of_roots_cluster() {
    if !is_root() {
        return;
    }
    let place = Place::new();
    let cluster = Cluster::join(&place.options()).await.unwrap();
    let mut joiner = Joiner::run(as_ordinary_user(&place), &place.data_dir());
    assert_eq!(joiner.word(), "cluster_forbidden");
    drop(cluster);
}

fn owner(path: &Path) -> u32 {
    fs::metadata(path).unwrap().uid()
}
