//! One attempt: runs the user's program on the specification of a lesson and reads what it prints.
//!
//! The output is Markdown, unless it begins with `{`. Then it is one JSON object: `{"markdown": "…", "cost": 0.03}`, or
//! a failure as in [`reported`], which may have a `cost` too. An exit code other than 0 is a transient failure,
//! whatever was printed, unless a failure was.

use std::{
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use forebay_domain::{
    content::{file_text::decode, paths::RelativePath},
    handoff::FailureClass,
};
use forebay_sources::environment;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    time::timeout,
};
use tracing::debug;

use super::super::error::ContentError;
use crate::{
    child::{self, Group, LONGEST_END, Reported, ReportedFailure, feed, keep, reported},
    work::event::printable,
};

/// The longest line of standard error that is logged as one, in bytes.
const MAX_LINE_BYTES: usize = 4 << 10;
const STDERR_CHARS: usize = 500;
/// The reason code of a reported failure without one.
const NO_REASON: &str = "generator_reported";
/// The message of a reported failure without one.
const NO_MESSAGE: &str = "the program reported a failure without a message";

/// The user's program.
#[derive(Debug)]
pub(super) struct Program {
    name: String,
    path: PathBuf,
    arguments: Vec<String>,
    timeout: Duration,
    limits: Limits,
}

/// What a program may print, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Everything that it prints. JSON is longer than the lesson in it.
    pub(super) output: u64,
    /// The lesson. A larger one could not be stored, so it must not replace one that is.
    pub(super) lesson: u64,
}

/// A generated text.
#[derive(Debug, PartialEq)]
pub(super) struct Produced {
    pub(super) markdown: Vec<u8>,
    pub(super) cost: Option<f64>,
}

/// A failed attempt.
#[derive(Debug, PartialEq)]
pub(super) struct AttemptFailure {
    pub(super) class: FailureClass,
    pub(super) reason_code: String,
    pub(super) message: String,
    /// How long the program asks to wait.
    pub(super) retry_after: Option<Duration>,
    pub(super) cost: Option<f64>,
}

/// How a run of the program ended.
enum End {
    Exited(ExitStatus),
    Timeout,
    TooMuch,
}

impl Program {
    /// Finds the program. Error: `generator_unusable`.
    pub(super) fn find(command: &[String], timeout: Duration, limits: Limits) -> Result<Self, ContentError> {
        let (name, arguments) =
            command.split_first().filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                ContentError::Generator { program: String::new(), problem: "no program was named".to_owned() }
            })?;
        if command.iter().any(|text| text.contains('\0')) {
            let problem = "it contains a NUL character".to_owned();
            return Err(ContentError::Generator { program: name.replace('\0', "␀"), problem });
        }
        let path = child::find(name, None).ok_or_else(|| ContentError::Generator {
            program: name.clone(),
            problem: "there is no such program that can be run".to_owned(),
        })?;
        Ok(Self { name: name.clone(), path, arguments: arguments.to_vec(), timeout, limits })
    }

    /// Runs it once. Error: it cannot be run at all.
    pub(super) async fn run(
        &self,
        spec: &[u8],
        lesson: &RelativePath,
    ) -> Result<Result<Produced, AttemptFailure>, ContentError> {
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).env_clear().envs(environment::of_programs());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if child::is_about_the_program(&error) => {
                return Err(ContentError::Generator {
                    program: self.name.clone(),
                    problem: error.to_string(),
                });
            }
            Err(error) => {
                let message = format!("the program could not be started: {error}");
                return Ok(Err(AttemptFailure::transient("generator_failed", message)));
            }
        };
        // Declared after the child and therefore dropped before it.
        let mut group = Group::of(&child);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (mut output, mut stderr_end) = (Vec::new(), Vec::new());
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
                        Some(stdout) => listen(stdout, self.limits.output, &mut output).await,
                        None => Ok(()),
                    }
                };
                let log = async {
                    if let Some(stderr) = stderr {
                        log(stderr, lesson, &mut stderr_end).await;
                    }
                };
                // Only too much output ends this early.
                let all = async { Ok(tokio::join!(leader, feed(stdin, [spec]), log).0) };
                tokio::try_join!(all, listen)
            };
            timeout(self.timeout, conversation).await
        };
        let end = match ended {
            Ok(Ok((Ok(status), ()))) => Ok(End::Exited(status)),
            Ok(Ok((Err(error), ()))) => Err(error),
            Ok(Err(TooMuch)) => Ok(End::TooMuch),
            Err(_) => Ok(End::Timeout),
        };
        group.kill();
        // If the process still does not exit, the runtime reaps it later.
        let _either_way = timeout(LONGEST_END, child.wait()).await;
        let judged = match end {
            Ok(end) => self.judge(&end, output, lesson),
            Err(error) => {
                let message = format!("the exit code of the program is unknown: {error}");
                Err(AttemptFailure::transient("generator_failed", message))
            }
        };
        let stderr_end = printable(&stderr_end, STDERR_CHARS);
        Ok(judged.map_err(|mut failure| {
            if !stderr_end.is_empty() {
                failure.message = format!("{}; its last output: {stderr_end}", failure.message);
            }
            failure
        }))
    }

    fn judge(&self, end: &End, output: Vec<u8>, lesson: &RelativePath) -> Result<Produced, AttemptFailure> {
        let status = match end {
            End::Timeout => {
                let message = format!(
                    "the program ran longer than {} seconds and was killed",
                    self.timeout.as_secs_f64()
                );
                return Err(AttemptFailure::transient("generator_timeout", message));
            }
            End::TooMuch => {
                let message =
                    format!("the program printed more than {} bytes and was killed", self.limits.output);
                return Err(AttemptFailure::transient("generator_output_limit", message));
            }
            End::Exited(status) => status,
        };
        let read = read(output);
        let is_told = read.as_ref().is_err_and(AttemptFailure::is_reported);
        if !status.success() && !is_told {
            let message = format!("the program exited with {status}");
            return Err(AttemptFailure::transient("generator_failed", message));
        }
        let produced = read?;
        let cost = produced.cost;
        let max_bytes = usize::try_from(self.limits.lesson.min(self.limits.output)).unwrap_or(usize::MAX);
        let failure = match decode(&produced.markdown, lesson.as_str(), max_bytes) {
            Ok(text) if !text.trim().is_empty() => return Ok(produced),
            Ok(_) => AttemptFailure::transient("generator_empty", "the program printed no text"),
            Err(problem) => AttemptFailure::transient(problem.code.as_str(), problem.message),
        };
        Err(AttemptFailure { cost, ..failure })
    }
}

impl AttemptFailure {
    fn transient(reason_code: &str, message: impl Into<String>) -> Self {
        Self {
            class: FailureClass::Transient,
            reason_code: reason_code.to_owned(),
            message: message.into(),
            retry_after: None,
            cost: None,
        }
    }

    /// Whether the program said that it failed.
    fn is_reported(&self) -> bool {
        self.reason_code != BAD_OUTPUT
    }
}

/// The reason code of an output that is neither Markdown nor the right JSON.
const BAD_OUTPUT: &str = "generator_bad_output";

/// Reads an output.
fn read(output: Vec<u8>) -> Result<Produced, AttemptFailure> {
    if output.trim_ascii_start().first() != Some(&b'{') {
        return Ok(Produced { markdown: output, cost: None });
    }
    let bad = |problem: &str| {
        Err(AttemptFailure::transient(BAD_OUTPUT, format!("the output of the program {problem}")))
    };
    let Ok(object) = serde_json::from_slice::<Value>(&output) else {
        return bad("begins with `{` but is not one JSON object");
    };
    let cost = match &object["cost"] {
        Value::Null => None,
        cost => match cost.as_f64().filter(|cost| *cost >= 0.0) {
            Some(cost) => Some(cost),
            None => return bad("has a `cost` that is not a positive number"),
        },
    };
    match &object["markdown"] {
        Value::String(markdown) => return Ok(Produced { markdown: markdown.clone().into_bytes(), cost }),
        Value::Null if !object["status"].is_null() => {}
        Value::Null => return bad("has neither `markdown` nor `status`"),
        _ => return bad("has a `markdown` that is not text"),
    }
    match reported(&object) {
        Ok(Reported::Failed(ReportedFailure { class, reason_code, message, retry_after })) => {
            Err(AttemptFailure {
                class,
                reason_code: reason_code.unwrap_or_else(|| NO_REASON.to_owned()),
                message: if message.is_empty() { NO_MESSAGE.to_owned() } else { message },
                retry_after: retry_after.map(jiff::SignedDuration::unsigned_abs),
                cost,
            })
        }
        Ok(Reported::Done) => bad("says that it is done, without `markdown`"),
        Err(problem) => bad(problem),
    }
}

/// The output exceeds the limit.
struct TooMuch;

/// Reads standard output to its end.
async fn listen(
    mut stdout: impl AsyncRead + Unpin,
    max_bytes: u64,
    output: &mut Vec<u8>,
) -> Result<(), TooMuch> {
    let mut buffer = vec![0; 32 << 10];
    // A read error means the end of the output, too.
    while let Ok(count @ 1..) = stdout.read(&mut buffer).await {
        if (output.len() + count) as u64 > max_bytes {
            return Err(TooMuch);
        }
        output.extend_from_slice(&buffer[..count]);
    }
    Ok(())
}

/// Logs standard error line by line, and keeps its end.
async fn log(mut stderr: impl AsyncRead + Unpin, lesson: &RelativePath, kept: &mut Vec<u8>) {
    let mut line = Vec::new();
    let say = |line: &mut Vec<u8>| {
        let text = printable(line, MAX_LINE_BYTES);
        if !text.is_empty() {
            debug!(%lesson, "{text}");
        }
        line.clear();
    };
    let mut buffer = vec![0; 8 << 10];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        for piece in buffer[..count].split_inclusive(|byte| *byte == b'\n') {
            line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || line.len() >= MAX_LINE_BYTES {
                say(&mut line);
            }
        }
        keep(kept, &buffer[..count]);
    }
    say(&mut line);
}

#[cfg(test)]
mod tests;
