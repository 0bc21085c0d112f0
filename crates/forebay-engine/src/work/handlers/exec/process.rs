//! One run of the command: feeding it, listening to it, and ending it with all that it started.
//!
//! Writing and reading go on at the same time, so neither side waits for the other with full pipes. What is read is
//! bounded in every direction: the length of a line, all of standard output, and the time.

use std::{
    ffi::OsString,
    io::{Error, ErrorKind, Result},
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{ChildStdin, Command},
    time::timeout,
};

use crate::work::event::printable;

use super::verdict::Verdicts;

/// A command that was killed is waited for so long.
const LONGEST_END: Duration = Duration::from_secs(5);
/// Longer lines are passed over.
const MAX_LINE_BYTES: usize = 64 << 10;
/// No more of standard output is read.
const MAX_OUTPUT_BYTES: usize = 32 << 20;
/// So much of the end of standard error is kept, and so much of that is told.
const KEPT_BYTES: usize = 2 << 10;
const TOLD_CHARS: usize = 500;
/// "Exec format error": the file is no program.
const ENOEXEC: i32 = 8;

/// What to run.
pub(super) struct Run<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [String],
    pub(super) directory: Option<&'a Path>,
    pub(super) environment: Vec<(String, OsString)>,
    pub(super) timeout: Duration,
}

/// How a run ended.
#[derive(Debug)]
pub(super) enum End {
    /// By itself.
    Exited(ExitStatus),
    /// Its time was over.
    Timeout,
    /// It wrote more than is read.
    TooMuch,
    /// It did not come to run, or what became of it cannot be told.
    NotStarted(Error),
}

/// The process group of a command; dropping it kills all that is in it.
struct Group(Option<Pid>);

impl Group {
    fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            // An error says that nobody is left.
            let _nobody_left = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether starting failed because of what was to be started, so that it would fail every time.
pub(super) fn is_about_the_program(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied)
        || error.raw_os_error() == Some(ENOEXEC)
}

impl Run<'_> {
    /// Runs the command over `lines`. Answers how it ended and the end of what it wrote to standard error.
    pub(super) async fn over(self, lines: Vec<String>, verdicts: &mut Verdicts) -> Result<(End, String)> {
        let mut command = Command::new(self.program);
        command.args(self.arguments).env_clear().envs(self.environment);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        if let Some(directory) = self.directory {
            command.current_dir(directory);
        }
        let mut child = command.spawn()?;
        // Declared after the child, so dropped before it: the group goes while its leader's id is still taken.
        let mut group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut told = Vec::new();
        let ended = {
            let conversation = async {
                let leader = async {
                    let status = child.wait().await;
                    // What it leaves behind holds the pipes open and would be waited for.
                    group.kill();
                    status
                };
                let listen = async {
                    match stdout {
                        Some(stdout) => listen(stdout, verdicts).await,
                        None => Ok(()),
                    }
                };
                let feed = feed(stdin, lines);
                let keep = async {
                    if let Some(stderr) = stderr {
                        keep_end(stderr, &mut told).await;
                    }
                };
                // Only too much output ends the conversation early.
                let all = async { Ok(tokio::join!(leader, feed, keep).0) };
                tokio::try_join!(all, listen)
            };
            timeout(self.timeout, conversation).await
        };
        let end = match ended {
            Ok(Ok((Ok(status), ()))) => End::Exited(status),
            Ok(Ok((Err(error), ()))) => End::NotStarted(error),
            Ok(Err(TooMuch)) => End::TooMuch,
            Err(_) => End::Timeout,
        };
        group.kill();
        // A process that even this does not end is left to the runtime, which collects it whenever it goes.
        let _either_way = timeout(LONGEST_END, child.wait()).await;
        Ok((end, printable(&told, TOLD_CHARS)))
    }
}

/// Writes the lines and closes. A command that does not want to read all of them may close first.
async fn feed(stdin: Option<ChildStdin>, lines: Vec<String>) {
    let Some(mut stdin) = stdin else { return };
    for line in lines {
        if stdin.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
    // Whoever cannot be told that this was all has closed already.
    let _closed = stdin.shutdown().await;
}

/// More was written than is read.
struct TooMuch;

/// Reads verdicts until the end.
async fn listen(
    mut stdout: impl AsyncRead + Unpin,
    verdicts: &mut Verdicts,
) -> std::result::Result<(), TooMuch> {
    let mut num_read = 0;
    let mut line = Vec::new();
    let mut is_too_long = false;
    let mut buffer = vec![0; 32 << 10];
    loop {
        // A pipe that cannot be read any more has ended as well.
        let count = stdout.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            break;
        }
        num_read += count;
        if num_read > MAX_OUTPUT_BYTES {
            return Err(TooMuch);
        }
        for piece in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
            let (text, is_whole) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            is_too_long |= line.len() + text.len() > MAX_LINE_BYTES;
            if !is_too_long {
                line.extend_from_slice(text);
            }
            if is_whole {
                take_line(verdicts, &mut line, &mut is_too_long);
            }
        }
    }
    // The last line may lack its end.
    if !line.is_empty() || is_too_long {
        take_line(verdicts, &mut line, &mut is_too_long);
    }
    Ok(())
}

fn take_line(verdicts: &mut Verdicts, line: &mut Vec<u8>, is_too_long: &mut bool) {
    if *is_too_long {
        verdicts.take_bad(None, "is too long");
    } else {
        verdicts.take(line);
    }
    line.clear();
    *is_too_long = false;
}

/// Reads to the end and keeps the last of it.
async fn keep_end(mut stderr: impl AsyncRead + Unpin, kept: &mut Vec<u8>) {
    let mut buffer = vec![0; 8 << 10];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..count]);
        kept.drain(..kept.len().saturating_sub(KEPT_BYTES));
    }
}
