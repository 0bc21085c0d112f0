//! Everything through PgBouncer in transaction mode, with two server connections for eight clients. Session state and
//! named statements fail here. Skipped if PgBouncer is not installed.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        net::UnixStream,
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use forebay_store::{
    Database, Target,
    connect::{Limits, OpenOptions},
    migrations::{self, MIGRATIONS},
    testing::{TestDatabase, empty_database},
};
use tokio_postgres::config::Host;

use crate::support::{Place, eventually};

pub(crate) struct Pooler {
    child: Child,
    place: Place,
}

impl Pooler {
    /// Starts it in front of the database, as the user that can access the server's socket folder.
    pub(crate) async fn start(database: &TestDatabase) -> Option<Self> {
        let place = Place::new();
        let config = database.config();
        let Host::Unix(server) = &config.get_hosts()[0] else { panic!("{config:?}") };
        let folder = place.folder().display();
        let settings = format!(
            "[databases]\n{name} = host={server} port=5432 user=forebay\n\n[pgbouncer]\npool_mode = transaction\n\
             default_pool_size = 2\nunix_socket_dir = {folder}\nlisten_port = 6543\nauth_type = any\n\
             logfile = {folder}/log\n",
            name = config.get_dbname().unwrap(),
            server = server.display(),
        );
        let ini = place.folder().join("pgbouncer.ini");
        fs::write(&ini, settings).unwrap();
        let owner = fs::metadata(server).unwrap();
        chown(place.folder(), Some(owner.uid()), None).unwrap();
        let mut command = Command::new("pgbouncer");
        command.arg(ini).stdin(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let child = command.spawn().ok()?;
        let pooler = Self { child, place };
        let socket = pooler.socket();
        eventually("the pooler listens", || async { UnixStream::connect(&socket).is_ok() }).await;
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
        Some(pooler)
    }

    fn socket(&self) -> PathBuf {
        self.place.folder().join(".s.PGSQL.6543")
    }

    pub(crate) async fn open(&self, database: &TestDatabase) -> Database {
        self.open_with(database, OpenOptions::default()).await
    }

    async fn open_with(&self, database: &TestDatabase, options: OpenOptions) -> Database {
        let folder = self.place.folder().to_str().unwrap().replace('/', "%2F");
        let name = database.config().get_dbname().unwrap().to_owned();
        let url = format!("postgresql://forebay@{folder}:6543/{name}?pgbouncer=true");
        Database::open(Target::Url(url), options).await.unwrap()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

#[tokio::test]
async fn eight_clients_migrate_through_two_connections() {
    let test = empty_database().await;
    let Some(pooler) = Pooler::start(&test).await else {
        println!("skipped: PgBouncer is not installed");
        return;
    };
    let database = std::sync::Arc::new(pooler.open(&test).await);
    let mut runners = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let database = database.clone();
        runners.spawn(async move {
            let mut client = database.client().await?;
            migrations::up(&mut client).await
        });
    }
    let mut applied = 0;
    while let Some(outcome) = runners.join_next().await {
        applied += outcome.unwrap().unwrap().len();
    }
    assert_eq!(applied, MIGRATIONS.len(), "each migration is applied by one client");

    let mut client = database.client().await.unwrap();
    migrations::ensure(&mut client, false).await.unwrap();
    assert_eq!(migrations::reset(&mut client).await.unwrap().len(), MIGRATIONS.len());
}

#[tokio::test]
async fn limits_of_statements_do_not_stop_a_connection() {
    let test = empty_database().await;
    let Some(pooler) = Pooler::start(&test).await else {
        println!("skipped: PgBouncer is not installed");
        return;
    };
    let limits = Some(Limits::default());
    let database = pooler.open_with(&test, OpenOptions { limits, ..OpenOptions::default() }).await;
    let client = database.client().await.unwrap();
    let row = client.query_typed_one("select current_setting('lock_timeout')", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "0", "the pooler's own connections are not changed");
}
