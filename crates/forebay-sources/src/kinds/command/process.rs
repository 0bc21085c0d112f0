//! One run of a program: starts it, reads its output, and ends it with its whole process group.
//!
//! Standard error is logged line by line, or passed through to that of this process.
//!
//! The pipe is the only buffer, so a program that is faster than its reader blocks. A read checks the clock and the
//! program several times a second. A silent program therefore cannot block a run forever, and neither can child
//! processes that the program leaves behind with its pipes open.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Read},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStderr, ChildStdout, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid},
};

use super::log::{LineSink, follow};
use crate::Error;

/// How long to wait for the end of standard error after the program has ended.
const STDERR_TIMEOUT: Duration = Duration::from_secs(5);
/// The interval between two checks whether the program is still running.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// What to run.
pub(super) struct Plan {
    pub(super) argv: Vec<String>,
    pub(super) cwd: Option<PathBuf>,
    pub(super) environment: BTreeMap<OsString, OsString>,
    /// `None`: it may run as long as it needs.
    pub(super) timeout: Option<Duration>,
    pub(super) stderr: Stderr,
}

/// What happens to standard error.
pub(super) enum Stderr {
    /// It is that of this process.
    Through,
    /// It becomes log lines.
    Logged { log: LineSink, secrets: Vec<String>, max_lines: u32 },
}

/// The standard output of a program. Dropping it kills the program and its process group.
///
/// Reading ends without an error only if the program exits with code 0. Otherwise the last read returns an I/O error
/// that contains an [`Error`] of this crate.
pub struct Output {
    program: String,
    child: Child,
    stdout: ChildStdout,
    group: Stopper,
    /// Receives the last lines of standard error when it has ended. `None`: it is not read.
    last_lines: Option<Receiver<String>>,
    timeout: Duration,
    started: Instant,
    /// How the program ended. Later reads return the same result.
    ended: Option<Result<(), Ended>>,
}

#[derive(Clone, Debug)]
enum Ended {
    Failed { how: String, exit_code: Option<i32>, stderr: String },
    Timeout,
}

/// Ends a program from another thread, for example when its run is cancelled. The reader gets an error.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Mutex<Option<Pid>>>);

impl Stopper {
    /// Kills the program and its process group. Does nothing if it has already ended.
    pub fn stop(&self) {
        if let Some(group) = *self.lock() {
            // An error means that no process is left.
            let _already_ended = kill_process_group(group, Signal::KILL);
        }
    }

    /// Forgets the process group. Call it before the leader is reaped: the system may then reuse the process id.
    fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a program.
pub(super) fn start(plan: Plan) -> Result<Output, Error> {
    let mut argv = plan.argv.into_iter();
    let program = argv.next().unwrap_or_default();
    let mut command = std::process::Command::new(&program);
    command.args(argv).env_clear().envs(plan.environment).process_group(0);
    let stderr = if matches!(plan.stderr, Stderr::Through) { Stdio::inherit() } else { Stdio::piped() };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
    if let Some(folder) = &plan.cwd {
        command.current_dir(folder);
    }
    let not_started = |source: io::Error| Error::CommandNotStarted { program: program.clone(), source };
    let mut child = command.spawn().map_err(not_started)?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let group = Stopper(Arc::new(Mutex::new(pid)));
    let Some(stdout) = child.stdout.take() else {
        group.stop();
        return Err(not_started(io::Error::other("its output cannot be read")));
    };
    let last_lines = match (plan.stderr, child.stderr.take()) {
        (Stderr::Logged { log, secrets, max_lines }, Some(stderr)) => {
            Some(log_lines(stderr, log, secrets, max_lines))
        }
        _ => None,
    };
    Ok(Output {
        program,
        child,
        stdout,
        group,
        last_lines,
        timeout: plan.timeout.unwrap_or(Duration::MAX),
        started: Instant::now(),
        ended: None,
    })
}

/// Logs standard error on a thread of its own. The receiver gets the last lines at its end.
fn log_lines(
    stderr: ChildStderr,
    mut log: LineSink,
    secrets: Vec<String>,
    max_lines: u32,
) -> Receiver<String> {
    let (sender, last_lines) = sync_channel(1);
    thread::spawn(move || {
        let last = follow(stderr, &secrets, max_lines, &mut log);
        // Drop the sink before sending: the receiver may wait for what the sink holds.
        drop(log);
        // Sending fails if the output was dropped.
        let _dropped = sender.send(last);
    });
    last_lines
}

impl Output {
    /// A handle that ends the program from another thread.
    pub fn stopper(&self) -> Stopper {
        self.group.clone()
    }

    /// Waits for output, the end of the program, or the timeout. Returns false on timeout.
    fn wait_for_output(&self) -> io::Result<bool> {
        loop {
            let left = self.timeout.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            let wait = Timespec::try_from(left.min(CHECK_INTERVAL)).map_err(io::Error::other)?;
            let mut files = [PollFd::new(&self.stdout, PollFlags::IN)];
            match poll(&mut files, Some(&wait)) {
                Ok(0) if self.has_ended() => {
                    // Child processes of the program may hold the pipe open, and the read would wait for them.
                    self.group.stop();
                    return Ok(true);
                }
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the program has ended. Doesn't reap it, so the system cannot reuse its process id.
    fn has_ended(&self) -> bool {
        let Some(pid) = *self.group.lock() else { return true };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_)) | Err(_))
    }

    /// Ends the program on timeout. Otherwise the program has closed its output, so this waits until it exits.
    fn finish(&mut self, is_timeout: bool) -> Result<(), Ended> {
        let mut is_timeout = is_timeout;
        while !is_timeout && !self.has_ended() {
            is_timeout = self.started.elapsed() >= self.timeout;
            thread::sleep(Duration::from_millis(5));
        }
        self.group.stop();
        self.group.forget();
        let status = self.child.wait();
        let last_lines = self.last_lines.as_ref();
        let stderr = last_lines.and_then(|lines| lines.recv_timeout(STDERR_TIMEOUT).ok()).unwrap_or_default();
        match status {
            _ if is_timeout => Err(Ended::Timeout),
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Ended::Failed { how: status.to_string(), exit_code: status.code(), stderr }),
            Err(error) => Err(Ended::Failed { how: error.to_string(), exit_code: None, stderr }),
        }
    }

    fn result_of(&self, ended: &Result<(), Ended>) -> io::Result<usize> {
        let program = self.program.clone();
        match ended.clone() {
            Ok(()) => Ok(0),
            Err(Ended::Failed { how, exit_code, stderr }) => {
                Err(io::Error::other(Error::CommandFailed { program, how, exit_code, stderr }))
            }
            Err(Ended::Timeout) => {
                Err(io::Error::other(Error::CommandTimeout { program, seconds: self.timeout.as_secs_f64() }))
            }
        }
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(ended) = &self.ended {
            return self.result_of(ended);
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        let in_time = self.wait_for_output()?;
        if in_time {
            let count = self.stdout.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
        }
        let ended = self.finish(!in_time);
        let result = self.result_of(&ended);
        self.ended = Some(ended);
        result
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.group.stop();
            self.group.forget();
            // The program was killed, so reaping it takes no time.
            let _reaped = self.child.wait();
        }
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("program", &self.program).finish_non_exhaustive()
    }
}
