//! A separate database for each test, on a real Postgres.
//!
//! ```no_run
//! # async fn example() {
//! let database = forebay_store::testing::database().await;
//! let client = database.client().await;
//! client.batch_execute("select * from forebay.sources").await.unwrap();
//! # }
//! ```
//!
//! All tests of a user share one temporary cluster in `/tmp/forebay-test-<uid>`. They join it like Forebay joins its
//! own cluster: the first test starts it and the last one stops it, across threads and processes. A database is a copy
//! of a template with all migrations; the template's name contains their checksum, so changing a migration creates a
//! new template. The databases of killed tests are removed an hour later.
//!
//! `FOREBAY_TEST_DATA_DIR` names another folder, and `FOREBAY_TEST_POSTGRES` the folder of other server programs, to
//! run the tests with several versions of Postgres. By default, the newest installed version creates the folder.
//!
//! `FOREBAY_TEST_POOLER=1` puts a PgBouncer in transaction mode between each test's URL and its database.
//!
//! These functions panic on errors: a test can't run without its database.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "tests fail by panicking")]

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use forebay_domain::{hex, percent};
use tokio_postgres::{Client, Config, NoTls};

mod pooler;
mod tcp;

pub use pooler::Pooler;

use crate::{
    cluster::{Cluster, ClusterOptions},
    connect::{Database, OpenOptions, Target},
    migrations::{self, MIGRATIONS},
};

/// "forebay" after a byte of 1: creating the template uses this lock.
const TEMPLATE_LOCK: i64 = i64::from_be_bytes(*b"\x01forebay");

/// Creates the roles that Forebay has grants and policies for. Roles belong to the whole server: if some tests created
/// them, the policies of a database would depend on the time of its migration.
pub const ROLES: &str = "
    do $$
    declare
        name text;
    begin
        foreach name in array
            array['forebay_worker', 'forebay_reader', 'anon', 'authenticated', 'service_role'] loop
            begin
                if to_regrole(name) is null then
                    execute format('create role %I nologin noinherit', name);
                end if;
            exception
                -- Another test creates it at this moment.
                when duplicate_object or unique_violation then
                    null;
            end;
        end loop;
    end $$";

/// The options of the tests' shared cluster: a fixed folder, not durable, and the server programs that the environment
/// names.
pub fn cluster_options() -> ClusterOptions {
    let uid = rustix::process::geteuid().as_raw();
    // Not the configured temporary folder: on macOS its path is too long for a socket, and root's may be inaccessible
    // to others.
    let data_dir = std::env::var_os("FOREBAY_TEST_DATA_DIR")
        .map_or_else(|| PathBuf::from(format!("/tmp/forebay-test-{uid}")), PathBuf::from);
    let bin_dirs = std::env::var_os("FOREBAY_TEST_POSTGRES").map(|folder| vec![PathBuf::from(folder)]);
    ClusterOptions { bin_dirs, durable: false, ..ClusterOptions::new(data_dir) }
}

/// A database for one test, with all migrations applied. Dropping it removes the database.
pub async fn database() -> TestDatabase {
    TestDatabase::create(true).await
}

/// An empty database without migrations, like a user's own may be.
pub async fn empty_database() -> TestDatabase {
    TestDatabase::create(false).await
}

/// A database that exists until this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    cluster: Cluster,
    pooler: Option<Box<Pooler>>,
}

impl TestDatabase {
    async fn create(migrated: bool) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let cluster =
            Cluster::join(&cluster_options()).await.expect("the cluster of the tests can be joined");
        let admin = connect(&config(&cluster, "postgres")).await;
        admin.batch_execute(ROLES).await.expect("the roles are created");
        let template = if migrated { template(&cluster, &admin).await } else { "template0".to_owned() };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{count}", std::process::id());
        // A killed process with the same id may have left one.
        admin
            .batch_execute(&format!("drop database if exists {name} with (force)"))
            .await
            .expect("the old database is dropped");
        let create = format!("create database {name} template {template}");
        admin.batch_execute(&create).await.expect("the database is created");
        let mut database = Self { name, cluster, pooler: None };
        database.pooler = Pooler::wanted(&database).await.map(Box::new);
        database
    }

    /// How to connect to it directly.
    pub fn config(&self) -> Config {
        config(&self.cluster, &self.name)
    }

    /// Its URL for the command line.
    pub fn url(&self) -> String {
        match &self.pooler {
            Some(pooler) => pooler.url(self),
            None => self.direct_url(),
        }
    }

    /// Its URL without a pooler.
    pub fn direct_url(&self) -> String {
        let config = self.config();
        let folder = config.get_hosts().iter().find_map(|host| match host {
            tokio_postgres::config::Host::Unix(folder) => folder.to_str(),
            tokio_postgres::config::Host::Tcp(_) => None,
        });
        let folder = percent::encode(folder.expect("the cluster of the tests listens on a socket"));
        format!("postgresql://forebay@{folder}/{}", self.name)
    }

    /// The target for opening it.
    pub fn target(&self) -> Target {
        Target::Url(self.url())
    }

    /// The target for opening it without a pooler: for limits of statements, which a pooler refuses, and for the
    /// statistics of the server, which its connections report when they end.
    pub fn direct_target(&self) -> Target {
        Target::Url(self.direct_url())
    }

    /// A new direct connection to it.
    pub async fn client(&self) -> Client {
        connect(&self.config()).await
    }

    /// Opens it with a pool, like Forebay does.
    pub async fn open(&self) -> Database {
        Database::open(self.target(), OpenOptions::default())
            .await
            .expect("the test's database can be opened")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let admin = config(&self.cluster, "postgres");
        let statement = format!("drop database if exists {} with (force)", self.name);
        // The test's own runtime may be shutting down, or run on this thread.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let (client, connection) = admin.connect(NoTls).await.map_err(std::io::Error::other)?;
                let driving = tokio::spawn(connection);
                let dropped = client.batch_execute(&statement).await.map_err(std::io::Error::other);
                driving.abort();
                dropped
            })
        });
        // Leftovers are swept later; a panic here must not hide a failed test.
        let _swept_later = dropping.join();
    }
}

/// The name of the template for our migrations; creates it if missing.
async fn template(cluster: &Cluster, admin: &Client) -> String {
    let name = template_name();
    if is_template(admin, &name).await {
        return name;
    }
    // A session lock is safe here: the tests' cluster has no pooler.
    let lock = format!("select pg_advisory_lock({TEMPLATE_LOCK})");
    admin.batch_execute(&lock).await.expect("the template's lock is acquired");
    if !is_template(admin, &name).await {
        sweep(admin).await;
        for statement in
            [format!("drop database if exists {name} with (force)"), format!("create database {name}")]
        {
            admin.batch_execute(&statement).await.expect("the template is created");
        }
        let mut client = connect(&config(cluster, &name)).await;
        migrations::up(&mut client).await.expect("the migrations can be applied");
        drop(client);
        // The comment is set last: a template without it was interrupted. Connections are then disallowed, because a
        // database with connections can't be copied.
        let done = format!("alter database {name} with is_template true allow_connections false");
        admin.batch_execute(&done).await.expect("the template is marked");
        let cut =
            format!("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'");
        admin.batch_execute(&cut).await.expect("its last connection is closed");
    }
    admin.batch_execute(&lock.replace("_lock", "_unlock")).await.expect("the template's lock is released");
    name
}

/// Removes databases of killed tests, and templates of outdated migrations.
async fn sweep(admin: &Client) {
    let old = "select datname, datistemplate from pg_database
        where datname like any (array['test\\_%', 'template\\_forebay\\_%'])
            and (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification
                < now() - case when datistemplate then interval '1 day' else interval '1 hour' end";
    for row in admin.query_typed(old, &[]).await.expect("the databases can be listed") {
        let name: &str = row.get("datname");
        // If another test process sweeps the same database or uses it, it stays.
        let _unmarked = admin.batch_execute(&format!("alter database {name} with is_template false")).await;
        let _dropped = admin.batch_execute(&format!("drop database if exists {name}")).await;
    }
}

fn template_name() -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for migration in MIGRATIONS {
        context.update(migration.up.as_bytes());
    }
    let digest = context.finish();
    format!("template_forebay_{}", hex::encode(&digest.as_ref()[..8]))
}

async fn is_template(admin: &Client, name: &str) -> bool {
    let exists = format!("select 1 from pg_database where datname = '{name}' and datistemplate");
    !admin.query_typed(&exists, &[]).await.expect("the databases can be listed").is_empty()
}

fn config(cluster: &Cluster, database: &str) -> Config {
    let mut config = cluster.config();
    config.dbname(database);
    config
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("the tests' cluster answers");
    tokio::spawn(async move {
        // The user of the client receives its errors.
        let _ended = connection.await;
    });
    client
}
