//! One run of the command: writes its input, reads its output, and kills it with all its child processes.
//!
//! Writing and reading happen concurrently, so full pipes cannot cause a deadlock. The length of a line, the size of
//! the output and the time are limited.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{Error, Result},
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use forebay_sources::Masks;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    time::timeout,
};

use crate::{
    child::{Group, KEPT_BYTES, LONGEST_END, Mark, feed, keep_end},
    work::event::printable,
};

use super::verdict::Verdicts;

/// Longer lines are skipped.
const MAX_LINE_BYTES: usize = 64 << 10;
/// The maximum size of standard output.
const MAX_OUTPUT_BYTES: usize = 32 << 20;
const STDERR_CHARS: usize = 500;

/// The command to run.
pub(super) struct Run<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [String],
    pub(super) directory: Option<&'a Path>,
    pub(super) environment: BTreeMap<OsString, OsString>,
    pub(super) timeout: Duration,
    /// What must not be quoted of its standard error.
    pub(super) masks: &'a Masks,
}

/// How a run ended.
#[derive(Debug)]
pub(super) enum End {
    /// It exited by itself.
    Exited(ExitStatus),
    /// It timed out.
    Timeout,
    /// It wrote too much output.
    TooMuch,
    /// It could not be started, or its exit status is unknown.
    NotStarted(Error),
}

impl Run<'_> {
    /// Runs the command on `lines`. Returns how it ended and the end of its standard error.
    pub(super) async fn over(self, lines: Vec<String>, verdicts: &mut Verdicts<'_>) -> Result<(End, String)> {
        let mut command = Command::new(self.program);
        let mut mark = Mark::new();
        let (name, value) = mark.variable();
        command.args(self.arguments).env_clear().envs(self.environment).env(name, value);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        if let Some(directory) = self.directory {
            command.current_dir(directory);
        }
        let mut child = command.spawn()?;
        // Declared after the child and therefore dropped before it.
        let mut group = Group::of(&child);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut stderr_end = Vec::new();
        let ended = {
            let conversation = async {
                let leader = async {
                    let status = child.wait().await;
                    // Remaining processes hold the pipes open, and reading would wait for them.
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
                        keep_end(stderr, &mut stderr_end).await;
                    }
                };
                // Only too much output ends this early.
                let all = async { Ok(tokio::join!(leader, feed, keep).0) };
                tokio::try_join!(all, listen)
            };
            timeout(self.timeout, conversation).await
        };
        let end = match ended {
            Ok(Ok((Ok(status), ()))) => {
                mark.leave();
                End::Exited(status)
            }
            Ok(Ok((Err(error), ()))) => End::NotStarted(error),
            Ok(Err(TooMuch)) => End::TooMuch,
            Err(_) => End::Timeout,
        };
        group.kill();
        drop(mark);
        // If the process still does not exit, the runtime reaps it later.
        let _either_way = timeout(LONGEST_END, child.wait()).await;
        Ok((end, quoted(&stderr_end, self.masks)))
    }
}

/// The end of standard error without secrets. A line whose beginning was dropped is dropped as a whole, because a part
/// of a secret isn't recognised.
fn quoted(stderr_end: &[u8], masks: &Masks) -> String {
    let is_whole = stderr_end.len() < KEPT_BYTES;
    let lines = if is_whole {
        stderr_end
    } else {
        stderr_end
            .split_inclusive(|byte| *byte == b'\n')
            .next()
            .map_or(stderr_end, |cut| &stderr_end[cut.len()..])
    };
    printable(masks.apply(&String::from_utf8_lossy(lines)).as_bytes(), STDERR_CHARS)
}

/// The output exceeds the limit.
struct TooMuch;

/// Reads verdicts until the end.
async fn listen(
    mut stdout: impl AsyncRead + Unpin,
    verdicts: &mut Verdicts<'_>,
) -> std::result::Result<(), TooMuch> {
    let mut num_read = 0;
    let mut line = Vec::new();
    let mut is_too_long = false;
    let mut buffer = vec![0; 32 << 10];
    loop {
        // A read error means the end of the output, too.
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
    // The last line may have no line break.
    if !line.is_empty() || is_too_long {
        take_line(verdicts, &mut line, &mut is_too_long);
    }
    Ok(())
}

fn take_line(verdicts: &mut Verdicts<'_>, line: &mut Vec<u8>, is_too_long: &mut bool) {
    if *is_too_long {
        verdicts.take_bad(None, "is too long");
    } else {
        verdicts.take(line);
    }
    line.clear();
    *is_too_long = false;
}
