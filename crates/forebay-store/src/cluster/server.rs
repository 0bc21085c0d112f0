//! The server process: starting it, waiting until it answers, stopping it.
//!
//! Whether it runs is determined by the lock that it inherits (see [`locks`]), never by its process id alone. It is a
//! child process that outlives its parent: it has its own process group, so Ctrl-C in the terminal doesn't reach it,
//! and a thread waits for it to prevent a zombie.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Seek, SeekFrom, Write},
    iter,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    sync::mpsc,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal};

use super::{
    binaries::Binaries,
    home::{Home, folder},
    locks, port, settings, user,
};
use crate::error::Result;

/// A log above this size is rotated at the next start. One old log is kept.
const LARGEST_LOG: u64 = 8 * 1024 * 1024;
const POLL: Duration = Duration::from_millis(20);
/// How the names of sockets begin; the port follows.
const SOCKET_PREFIX: &str = ".s.PGSQL.";
/// The socket that clients use by default.
const DEFAULT_SOCKET: &str = ".s.PGSQL.5432";

/// A server that was just started. Its exit status, if it exits, arrives on the channel.
pub(super) struct Started {
    ended: mpsc::Receiver<String>,
}

impl Started {
    /// How the server ended, if it did.
    pub(super) fn ended(&self) -> Option<String> {
        self.ended.try_recv().ok()
    }
}

/// Starts the server. `lock` is the server's lock, already taken, which proves that no earlier server is left; the new
/// server inherits it.
pub(super) fn start(home: &Home, binaries: &Binaries, lock: File, durable: bool) -> Result<Started> {
    remove_leftovers(home)?;
    let socket = home.socket_folder();
    home.private_folder(&socket)?;
    let tcp = tcp(home)?;
    if let Some(settings::Tcp { port, hba }) = &tcp {
        write_readable(home, hba, settings::HBA.as_bytes())?;
        link_socket(&socket, *port)?;
    }
    write_readable(home, &home.settings(), &settings::render(&socket, durable, tcp.as_ref()))?;
    let log = open_log(home)?;
    let log_too = log.try_clone().map_err(folder("open", &home.log()))?;

    let program = binaries.folder.join("postgres");
    let mut command = user::command(&program, home.user.as_ref());
    let mut config_file = std::ffi::OsString::from("config_file=");
    config_file.push(home.settings());
    command.arg("-D").arg(home.pgdata()).arg("-c").arg(config_file);
    command.stdin(Stdio::from(lock)).stdout(Stdio::from(log)).stderr(Stdio::from(log_too));
    let mut child = command.spawn().map_err(folder("run", &program))?;
    let (sender, ended) = mpsc::channel();
    let waiter = std::thread::Builder::new().name("forebay-postgres".into()).spawn(move || {
        let status = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        // After the server has started, there is no receiver.
        let _unheard = sender.send(status);
    });
    waiter.map_err(folder("wait for", &program))?;
    Ok(Started { ended })
}

/// The port that an operator asked for, unless another program has taken it: other commands need only the socket.
fn tcp(home: &Home) -> Result<Option<settings::Tcp>> {
    let Some(port) = port::wanted(home)? else { return Ok(None) };
    if !port::is_free(port) {
        tracing::warn!(
            port,
            "another program has taken the port of the embedded PostgreSQL, which uses its socket only"
        );
        return Ok(None);
    }
    Ok(Some(settings::Tcp { port, hba: home.hba() }))
}

/// The name of a socket contains the server's port. With another port than the default one, clients still find it.
fn link_socket(socket: &Path, port: u16) -> Result<()> {
    let link = socket.join(DEFAULT_SOCKET);
    let name = format!("{SOCKET_PREFIX}{port}");
    match std::os::unix::fs::symlink(&name, &link) {
        Err(error) if name != DEFAULT_SOCKET && error.kind() != io::ErrorKind::AlreadyExists => {
            Err(folder("create", &link)(error))
        }
        _ => Ok(()),
    }
}

/// Requests a fast shutdown and waits for it. `false`: the server is still running.
pub(super) fn stop(home: &Home, patience: Duration) -> Result<bool> {
    let lock = home.lock("server.lock")?;
    let deadline = Instant::now() + patience;
    let mut asked = false;
    loop {
        if locks::try_exclusive(&lock).map_err(folder("lock", &home.root))? {
            return Ok(true);
        }
        // A starting server hasn't written its process id yet, so retry until it has.
        if !asked && let Some(pid) = live_postmaster(home) {
            asked = rustix::process::kill_process(pid, Signal::INT).is_ok();
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(POLL);
    }
}

/// The folder of the running server's socket, from its pid file, or where a new server would create it.
pub(super) fn socket_folder(home: &Home) -> PathBuf {
    let stated = pid_file(home).and_then(|text| text.lines().nth(4).map(PathBuf::from));
    stated.filter(|folder| folder.is_absolute()).unwrap_or_else(|| home.socket_folder())
}

/// The postmaster's process id, if that process is alive and is this folder's postmaster.
pub(super) fn live_postmaster(home: &Home) -> Option<Pid> {
    let raw = pid_file(home)?.lines().next()?.trim().parse().ok()?;
    let pid = Pid::from_raw(raw)?;
    // Process ids are reused: after a reboot, it may belong to any process.
    let commandline = commandline(raw)?;
    contains(&commandline, home.pgdata().as_os_str().as_encoded_bytes()).then_some(pid)
}

/// The last lines of the server's log.
pub(super) fn log_tail(home: &Home) -> String {
    const ENOUGH: u64 = 16 * 1024;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(home.log())?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(ENOUGH)))?;
        let mut tail = Vec::new();
        file.take(ENOUGH).read_to_end(&mut tail)?;
        Ok(tail)
    };
    read().map_or_else(|_| String::new(), |tail| last_lines(String::from_utf8_lossy(&tail).trim(), 12))
}

/// The last `count` lines of a text.
pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// The TCP port of the running server; `None`: it listens on its socket only.
pub(super) fn listening_port(home: &Home) -> Option<u16> {
    let text = pid_file(home)?;
    let is_listening = !text.lines().nth(5)?.trim().is_empty();
    text.lines().nth(3)?.trim().parse().ok().filter(|_| is_listening)
}

/// The first line is the process id, the fourth the port, the fifth the socket's folder, and the sixth the address.
fn pid_file(home: &Home) -> Option<String> {
    fs::read_to_string(home.pgdata().join("postmaster.pid")).ok()
}

/// Removes the pid files of an old server. Holding the server's lock proves that no old server is alive, so its pid
/// files are stale; Postgres would still believe them if another process has reused the id. A server that was started
/// by other means does not hold the lock: in that case the files are left for Postgres to judge.
fn remove_leftovers(home: &Home) -> Result<()> {
    if live_postmaster(home).is_some() {
        return Ok(());
    }
    let socket = home.socket_folder();
    let sockets = fs::read_dir(&socket).into_iter().flatten().flatten();
    let is_socket =
        |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(SOCKET_PREFIX.as_bytes());
    let sockets = sockets.filter(is_socket).map(|entry| entry.path());
    for leftover in iter::once(home.pgdata().join("postmaster.pid")).chain(sockets) {
        match fs::remove_file(&leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(folder("remove", &leftover)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Replaces a file atomically: a reader sees either the old or the new one.
fn write_readable(home: &Home, path: &Path, text: &[u8]) -> Result<()> {
    let new = path.with_added_extension("new");
    let mut file = home.open(&new, OpenOptions::new().write(true).truncate(true))?;
    file.write_all(text).map_err(folder("write", &new))?;
    // The server's user must read it; it contains no secrets.
    file.set_permissions(Permissions::from_mode(0o644)).map_err(folder("write", &new))?;
    fs::rename(&new, path).map_err(folder("write", path))
}

/// Opens the log for appending; rotates a large one.
fn open_log(home: &Home) -> Result<File> {
    let path = home.log();
    if fs::metadata(&path).is_ok_and(|log| log.len() > LARGEST_LOG) {
        fs::rename(&path, path.with_extension("log.1")).map_err(folder("set aside", &path))?;
    }
    home.open(&path, OpenOptions::new().append(true))
}

fn commandline(pid: i32) -> Option<Vec<u8>> {
    if Path::new("/proc/self/cmdline").exists() {
        return fs::read(format!("/proc/{pid}/cmdline")).ok();
    }
    let mut ps = std::process::Command::new("ps");
    ps.args(["-ww", "-o", "args=", "-p"]).arg(pid.to_string()).stdin(Stdio::null()).stderr(Stdio::null());
    ps.output().ok().map(|answer| answer.stdout)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_short_text_is_all_of_it() {
        assert_eq!(last_lines("a\nb", 5), "a\nb");
        assert_eq!(last_lines("a\nb\nc", 2), "b\nc");
        assert_eq!(last_lines("", 2), "");
    }
}
