//! The program `forebay`: `persist`, and `serve` as a running process.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use forebay_store::connect::FOREBAY_DATABASE_URL;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader, Lines},
    process::{Child, Command},
    time::timeout,
};

use crate::{failure::Failure, own_server::OwnServer};

/// How long the server may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program beside this one.
pub(super) struct Program(PathBuf);

impl Program {
    pub(super) fn find() -> Result<Self, Failure> {
        let path = env::current_exe()?.with_file_name("forebay");
        if path.is_file() {
            return Ok(Self(path));
        }
        Err(Failure::peer_not_found(format!("there is no program {}", path.display()))
            .hint("build it: cargo build --release -p forebay"))
    }

    /// Persists a file as a source.
    pub(super) async fn persist(
        &self,
        file: &Path,
        source: &str,
        postgres: &OwnServer,
    ) -> Result<(), Failure> {
        let mut command = self.command(postgres.folder(), postgres.url());
        command.arg("persist").arg(file).args(["--source", source, "--key", "id", "--quiet"]);
        let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).output().await?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Failure::bench(format!("`forebay persist` failed: {why}")))
    }

    /// The program in an empty folder, without the environment of the user.
    fn command(&self, folder: &Path, database_url: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.env_clear().env(FOREBAY_DATABASE_URL, database_url).env("HOME", folder).current_dir(folder);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

/// A running `forebay serve`.
pub(super) struct Server {
    child: Child,
    pid: u32,
    address: SocketAddr,
}

impl Server {
    /// Starts it on a free port, and waits until it listens.
    pub(super) async fn start(program: &Program, folder: &Path, database_url: &str) -> Result<Self, Failure> {
        let mut command = program.command(folder, database_url);
        command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(pid), Some(log)) = (child.id(), child.stderr.take()) else {
            return Err(Failure::bench("`forebay serve` has no output"));
        };
        let mut lines = BufReader::new(log).lines();
        let address = timeout(PATIENCE, listening(&mut lines))
            .await
            .map_err(|_| Failure::bench("`forebay serve` does not start"))??;
        // Its log must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, pid, address })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its resident memory, in bytes (proc(5)).
    pub(super) fn memory(&self) -> Result<f64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kib = line.trim().trim_end_matches("kB").trim().parse::<f64>();
        let kib = kib.map_err(|_| Failure::bench("the memory of `forebay serve` is unknown"))?;
        Ok(kib * 1024.0)
    }

    /// Stops it as an operator would.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM).map_err(std::io::Error::from)?;
        }
        timeout(PATIENCE, self.child.wait())
            .await
            .map_err(|_| Failure::bench("`forebay serve` does not stop"))??;
        Ok(())
    }
}

async fn listening(lines: &mut Lines<BufReader<impl AsyncRead + Unpin>>) -> Result<SocketAddr, Failure> {
    let mut log = String::new();
    while let Some(line) = lines.next_line().await? {
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        if let Some(address) = address.and_then(|address| address.parse().ok()) {
            return Ok(address);
        }
        log.push_str(&line);
    }
    Err(Failure::bench(format!("`forebay serve` ended: {log}")))
}
