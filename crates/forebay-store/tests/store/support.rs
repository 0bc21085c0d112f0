//! Temporary clusters, other processes that join them, and files that tests generate.

use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use forebay_store::{
    cluster::{self, ClusterOptions},
    testing,
};
use rustix::process::{Pid, Signal};

/// A data folder that doesn't exist yet, in a temporary folder. Dropping this removes the folder and stops its
/// server.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        // Not the configured temporary folder: the server's user may have no access to it, or its path may be too
        // long.
        let folder = tempfile::Builder::new().prefix("forebay-store-").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        Self { folder }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn options(&self) -> ClusterOptions {
        ClusterOptions { data_dir: self.data_dir(), ..testing::cluster_options() }
    }

    pub(crate) async fn pid(&self) -> Option<u32> {
        cluster::status(&self.data_dir()).await.unwrap().pid
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A failed test may leave its server running.
        let text =
            std::fs::read_to_string(self.data_dir().join("postgres/postmaster.pid")).unwrap_or_default();
        if let Some(pid) = text.lines().next().and_then(|pid| pid.parse().ok()) {
            kill(pid, Signal::QUIT);
        }
    }
}

pub(crate) fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _gone_already = rustix::process::kill_process(pid, signal);
}

/// Polls until the condition holds; fails the test on a timeout.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, look: impl Fn() -> F) {
    let deadline = Instant::now() + Duration::from_mins(3);
    while !look().await {
        assert!(Instant::now() < deadline, "timed out waiting until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Another process that joins a cluster and stays until it is asked to leave, or is killed.
///
/// It runs this test binary with the one "test" that does so.
pub(crate) struct Joiner {
    child: Child,
    words: BufReader<ChildStdout>,
}

impl Joiner {
    pub(crate) fn start(place: &Place) -> Self {
        Self::run(Command::new(std::env::current_exe().unwrap()), &place.data_dir())
    }

    pub(crate) fn run(mut command: Command, data_dir: &Path) -> Self {
        command.args(["--exact", "cluster::joins_for_another_test", "--ignored", "--nocapture", "--quiet"]);
        command.env("FOREBAY_TEST_JOIN", data_dir).stdin(Stdio::piped()).stdout(Stdio::piped());
        // A copied program is busy while a process that another test forks in that moment has it open.
        let spawned = (0..500).find_map(|_| match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(20));
                None
            }
            spawned => Some(spawned.unwrap()),
        });
        let mut child = spawned.unwrap();
        let words = BufReader::new(child.stdout.take().unwrap());
        Self { child, words }
    }

    /// Waits until it has joined or failed; returns its output.
    pub(crate) fn word(&mut self) -> String {
        let mut line = String::new();
        while !line.starts_with("::") {
            line.clear();
            assert_ne!(self.words.read_line(&mut line).unwrap(), 0, "the other process ended without output");
        }
        line.trim().trim_start_matches("::").to_owned()
    }

    pub(crate) fn leave(mut self) {
        self.child.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Compares a file of the repository with what a test generates, after writing it if `UPDATE_DOCS` is set.
pub(crate) fn generated(file: &str, text: &str, by: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{file} differs: run UPDATE_DOCS=1 cargo test -p forebay-store --test store {by}");
}
