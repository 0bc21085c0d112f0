//! PgBouncer in transaction mode in front of the tests' cluster. Session state, named statements and transactions that
//! are held for long fail behind it.

use std::{
    env, fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use forebay_domain::percent;
use tokio_postgres::config::Host;

use super::TestDatabase;

/// Set it to run the tests through a pooler of their own: `1`.
const FOREBAY_TEST_POOLER: &str = "FOREBAY_TEST_POOLER";

/// The server connections of these poolers. A run that held one for its whole length would soon be noticed.
const NUM_CONNECTIONS: u32 = 4;

const PORT: u16 = 6543;

/// A running PgBouncer; dropping it ends it.
#[derive(Debug)]
pub struct Pooler {
    child: Child,
    folder: PathBuf,
}

impl Pooler {
    /// Starts it in front of a database, with this many connections to the server. `None`: PgBouncer is not installed.
    pub async fn start(database: &TestDatabase, num_connections: u32) -> Option<Self> {
        Self::start_in_mode(database, num_connections, "transaction").await
    }

    /// The same in another mode: `session` or `transaction`.
    pub async fn start_in_mode(database: &TestDatabase, num_connections: u32, mode: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let program = program()?;
        let config = database.config();
        let server = config.get_hosts().iter().find_map(|host| match host {
            Host::Unix(folder) => Some(folder.clone()),
            Host::Tcp(_) => None,
        });
        let server = server.expect("the cluster of the tests listens on a socket");
        let name = config.get_dbname().expect("the test's database has a name");
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(format!("/tmp/forebay-pooler-{}-{count}", std::process::id()));
        // A killed process with the same id may have left one.
        let _not_there = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("the pooler's folder is created");
        let place = folder.display();
        let settings = format!(
            "[databases]\n{name} = host={server} port=5432 user=forebay\n\n[pgbouncer]\npool_mode = {mode}\n\
             default_pool_size = {num_connections}\nmax_client_conn = 1000\nunix_socket_dir = {place}\n\
             listen_port = {PORT}\nauth_type = any\nlogfile = {place}/log\n",
            server = server.display(),
        );
        let ini = folder.join("pgbouncer.ini");
        fs::write(&ini, settings).expect("the pooler's settings are written");
        // It runs as the user that can access the server's socket, and refuses to run as root.
        let owner = fs::metadata(&server).expect("the server's folder is there");
        chown(&folder, Some(owner.uid()), None).expect("the pooler's folder gets its owner");
        let mut command = Command::new(program);
        command.arg(ini).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let child = command.spawn().expect("the pooler starts");
        let pooler = Self { child, folder };
        let socket = pooler.folder.join(format!(".s.PGSQL.{PORT}"));
        while UnixStream::connect(&socket).is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).expect("the socket is opened to all");
        Some(pooler)
    }

    /// The pooler that the environment asks for.
    ///
    /// A test run that asks for it and has none must not pass, so a missing PgBouncer is a panic.
    pub(super) async fn wanted(database: &TestDatabase) -> Option<Self> {
        env::var_os(FOREBAY_TEST_POOLER).filter(|value| !value.is_empty())?;
        let pooler = Self::start(database, NUM_CONNECTIONS).await;
        Some(pooler.expect("FOREBAY_TEST_POOLER needs PgBouncer: scripts/parts.sh installs it"))
    }

    /// The URL of a database through the pooler, as an application that knows about it writes it.
    pub fn url(&self, database: &TestDatabase) -> String {
        let folder = percent::encode(&self.folder.display().to_string());
        format!("postgresql://forebay@{folder}:{PORT}/{}?pgbouncer=true", database.name)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
        let _gone_already = fs::remove_dir_all(&self.folder);
    }
}

/// PgBouncer's program. The folders of servers are not in everyone's `PATH`.
fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join("pgbouncer"))
        .find(|file| Path::is_file(file))
}
