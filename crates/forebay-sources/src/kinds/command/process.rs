//! One run of a program: started, read, and ended with all that it started.
//!
//! The pipe is the only buffer, so a program that is faster than its reader waits. Reading never blocks for longer than
//! a moment without a look at the clock and at the program, so neither a silent program nor what it leaves behind with
//! its pipes open can hold a run for ever.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Read},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdout, Stdio},
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

use super::log::follow;
use super::{LogTaker, PATIENCE};
use crate::Error;

/// Between two looks at whether the program is still there.
const LOOK: Duration = Duration::from_millis(200);

/// What to run.
pub(super) struct Plan {
    pub(super) argv: Vec<String>,
    pub(super) cwd: Option<PathBuf>,
    pub(super) environment: BTreeMap<OsString, OsString>,
    pub(super) secrets: Vec<String>,
    pub(super) timeout: Duration,
    pub(super) max_stderr_lines: u32,
}

/// The standard output of a program. Dropping it kills the program and everything in its process group.
///
/// The end of the output is the end of an input only if the program ended well; else reading answers with an error, in
/// which is a [`Error`] of this crate.
pub struct Output {
    program: String,
    child: Child,
    stdout: ChildStdout,
    group: Stopper,
    /// The last lines of standard error, once it has ended.
    told: Receiver<String>,
    timeout: Duration,
    started: Instant,
    /// What the end was, to be told again to whoever reads on.
    ended: Option<Result<(), Ended>>,
}

#[derive(Clone, Debug)]
enum Ended {
    Failed { how: String, told: String },
    Timeout,
}

/// Ends a program from another thread, for example when its run is called off. The reader sees it fail.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Mutex<Option<Pid>>>);

impl Stopper {
    /// Kills the program and everything in its process group; nothing if it has ended already.
    pub fn stop(&self) {
        if let Some(group) = *self.lock() {
            // An error says that nobody is left.
            let _nobody_left = kill_process_group(group, Signal::KILL);
        }
    }

    /// Forgets the group once its leader is about to be collected, so that the number is never used for another's.
    fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts a program.
pub(super) fn start(plan: Plan, mut log: LogTaker) -> Result<Output, Error> {
    let mut argv = plan.argv.into_iter();
    let program = argv.next().unwrap_or_default();
    let mut command = std::process::Command::new(&program);
    command.args(argv).env_clear().envs(plan.environment).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = &plan.cwd {
        command.current_dir(folder);
    }
    let not_started = |source: io::Error| Error::CommandNotStarted { program: program.clone(), source };
    let mut child = command.spawn().map_err(not_started)?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let group = Stopper(Arc::new(Mutex::new(pid)));
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        group.stop();
        return Err(not_started(io::Error::other("its output cannot be read")));
    };
    let (sender, told) = sync_channel(1);
    thread::spawn(move || {
        let last = follow(stderr, &plan.secrets, plan.max_stderr_lines, &mut log);
        // What the taker holds must be let go of before the end is told: it may be what someone waits for.
        drop(log);
        // Nobody is there to be told when the output was dropped.
        let _unheard = sender.send(last);
    });
    Ok(Output {
        program,
        child,
        stdout,
        group,
        told,
        timeout: plan.timeout,
        started: Instant::now(),
        ended: None,
    })
}

impl Output {
    /// What ends it from another thread.
    pub fn stopper(&self) -> Stopper {
        self.group.clone()
    }

    /// Waits for something to read, for the end of the program, or for the end of its time. False at the latter.
    fn wait_for_output(&self) -> io::Result<bool> {
        loop {
            let left = self.timeout.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            let wait = Timespec::try_from(left.min(LOOK)).map_err(io::Error::other)?;
            let mut files = [PollFd::new(&self.stdout, PollFlags::IN)];
            match poll(&mut files, Some(&wait)) {
                Ok(0) if self.has_ended() => {
                    // What it left behind holds the pipe open, and would be waited for.
                    self.group.stop();
                    return Ok(true);
                }
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the program has ended. It is not collected, so that its number stays its own.
    fn has_ended(&self) -> bool {
        let Some(pid) = *self.group.lock() else { return true };
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::Pid(pid), look), Ok(Some(_)) | Err(_))
    }

    /// Ends the program, or waits for the end that it has begun itself by closing its output.
    fn finish(&mut self, is_timeout: bool) -> Result<(), Ended> {
        let mut is_timeout = is_timeout;
        while !is_timeout && !self.has_ended() {
            is_timeout = self.started.elapsed() >= self.timeout;
            thread::sleep(Duration::from_millis(5));
        }
        self.group.stop();
        self.group.forget();
        let status = self.child.wait();
        let told = self.told.recv_timeout(PATIENCE).unwrap_or_default();
        match status {
            _ if is_timeout => Err(Ended::Timeout),
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Ended::Failed { how: status.to_string(), told }),
            Err(error) => Err(Ended::Failed { how: error.to_string(), told }),
        }
    }

    fn answer(&self, ended: &Result<(), Ended>) -> io::Result<usize> {
        let program = self.program.clone();
        match ended.clone() {
            Ok(()) => Ok(0),
            Err(Ended::Failed { how, told }) => {
                Err(io::Error::other(Error::CommandFailed { program, how, told }))
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
            return self.answer(ended);
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
        let answer = self.answer(&ended);
        self.ended = Some(ended);
        answer
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.group.stop();
            self.group.forget();
            // It was killed, so this does not take long; whatever the answer is, it is collected.
            let _collected = self.child.wait();
        }
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("program", &self.program).finish_non_exhaustive()
    }
}
