//! A Postgres server that a test stops and restarts with `pg_ctl`.

use std::{
    fs::{self, Permissions},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use forebay_store::cluster::{self, Cluster, ClusterOptions};
use tempfile::TempDir;
use tokio::runtime::Builder;

/// A server that only the test controls.
pub(crate) struct Server {
    folder: TempDir,
    pg_ctl: PathBuf,
    /// The program's database URL.
    pub(crate) url: String,
}

impl Server {
    /// Lets Forebay create a cluster, then runs the server without Forebay.
    pub(crate) fn start() -> Self {
        // Not the configured temporary folder, which the server's user may be unable to access, or whose path may be
        // too long for a socket.
        let folder = tempfile::Builder::new().prefix("forebay-restart-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let data_dir = folder.path().join("data");
        let socket = Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            // A durable cluster: a crash must not lose committed data.
            let cluster = Cluster::join(&ClusterOptions::new(&data_dir)).await.unwrap();
            let socket = cluster::status(&data_dir).await.unwrap().socket.unwrap();
            cluster.leave().await.unwrap();
            socket
        });
        // The quoted program, followed by its arguments.
        let ran = fs::read_to_string(data_dir.join("postgres/postmaster.opts")).unwrap();
        let program = Path::new(ran.split_whitespace().next().unwrap().trim_matches('"'));
        let url = format!("postgresql://forebay@{}/forebay", socket.to_str().unwrap().replace('/', "%2F"));
        let server = Self { pg_ctl: program.with_file_name("pg_ctl"), folder, url };
        server.restart();
        server
    }

    /// Starts the server again with the same arguments, after a crash if it is running.
    pub(crate) fn restart(&self) {
        assert!(self.pg_ctl("restart"), "the server does not start");
    }

    /// Stops it like a crash.
    pub(crate) fn stop(&self) {
        assert!(self.pg_ctl("stop"), "the server does not stop");
    }

    fn pg_ctl(&self, what: &str) -> bool {
        let data = self.folder.path().join("data/postgres");
        let owner = fs::metadata(&data).unwrap();
        let mut command = Command::new(&self.pg_ctl);
        command.args([what, "-m", "immediate", "-w", "-D"]).arg(&data);
        command.arg("-l").arg(data.join("restarted.log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
        command.uid(owner.uid()).gid(owner.gid());
        command.status().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A failed test may have stopped it already.
        self.pg_ctl("stop");
    }
}
