//! A program that gets the notification as JSON on standard input. It accepts it by exiting with 0.

use std::{path::PathBuf, process::Stdio, time::Duration};

use forebay_domain::handoff::FailureClass;
use forebay_sources::{Masks, environment};
use tokio::{process::Command as Process, time::timeout};

use super::{
    super::settings::{CommandSettings, Notifier, NotifierError},
    envelope,
    message::{Message, Tried},
};
use crate::{
    child::{self, Group, LONGEST_END, Mark, feed, keep_end},
    work::event::{Outcome, printable},
};

/// The maximum number of characters of its output in a message.
const MOST_CHARS: usize = 300;

/// A program, once it is found.
#[derive(Debug)]
pub(in super::super) struct Command {
    program: PathBuf,
    settings: CommandSettings,
    timeout: Duration,
}

pub(super) fn check(notifier: &Notifier, settings: &CommandSettings) -> Result<(), NotifierError> {
    if settings.command.first().is_none_or(String::is_empty) {
        let problem = "a notifier of the kind `command` needs `command`: the program and its arguments, as a list of texts";
        return Err(notifier.wrong(&["command"], problem));
    }
    if settings.command.iter().any(|word| word.contains('\0')) {
        return Err(notifier.wrong(&["command"], "`command` must not contain NUL characters"));
    }
    if settings.env.iter().any(|name| name.is_empty() || name.contains(['=', '\0'])) {
        let problem = "`env` must list names of environment variables, without values";
        return Err(notifier.wrong(&["env"], problem));
    }
    Ok(())
}

impl Command {
    pub(super) fn open(notifier: &Notifier, settings: &CommandSettings) -> Result<Self, NotifierError> {
        check(notifier, settings)?;
        if let Some(directory) = settings.directory.as_deref().filter(|directory| !directory.is_dir()) {
            let problem = format!("`directory` {} is not a folder", directory.display());
            return Err(notifier.wrong(&["directory"], problem));
        }
        let name = &settings.command[0];
        let program = child::find(name, settings.directory.as_deref()).ok_or_else(|| {
            notifier.wrong(&["command"], format!("there is no program {name:?} that can be run"))
        })?;
        Ok(Self { program, settings: settings.clone(), timeout: notifier.timeout })
    }

    pub(super) async fn run(&self, message: &Message<'_>) -> Tried {
        let names = self.settings.env.iter();
        let given: Vec<_> = names.filter_map(|name| Some((name, environment::var_os(name)?))).collect();
        let secrets: Vec<String> =
            given.iter().map(|(_, value)| value.to_string_lossy().into_owned()).collect();
        let mut command = Process::new(&self.program);
        let mut mark = Mark::new();
        let (name, value) = mark.variable();
        command.args(&self.settings.command[1..]).env_clear().envs(environment::of_programs());
        command.envs(given).env(name, value);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        if let Some(directory) = &self.settings.directory {
            command.current_dir(directory);
        }
        let failed = |code, message: String, answer| Tried {
            outcome: Outcome::failed(FailureClass::Transient, code, message),
            answer,
        };
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let message = format!("the command could not be started: {error}");
                return failed("command_not_started", message, String::new());
            }
        };
        // Declared after the child and therefore dropped before it.
        let mut group = Group::of(&child);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let ended = {
            let leader = async {
                let status = child.wait().await;
                // Remaining processes hold the pipes open, and reading would wait for them.
                group.kill();
                status
            };
            let listen = async {
                if let Some(stdout) = stdout {
                    keep_end(stdout, &mut output).await;
                }
            };
            let keep = async {
                if let Some(stderr) = stderr {
                    keep_end(stderr, &mut errors).await;
                }
            };
            let text = envelope::json(message) + "\n";
            let all = async { tokio::join!(leader, feed(stdin, [text]), listen, keep).0 };
            timeout(self.timeout, all).await
        };
        if ended.is_ok() {
            mark.leave();
        }
        group.kill();
        drop(mark);
        // If the process still does not exit, the runtime reaps it later.
        let _either_way = timeout(LONGEST_END, child.wait()).await;
        let masks = Masks::of(&secrets);
        let shown =
            |bytes: &[u8]| printable(masks.apply(&String::from_utf8_lossy(bytes)).as_bytes(), MOST_CHARS);
        let said = if errors.is_empty() { shown(&output) } else { shown(&errors) };
        let with_output = |message: String| {
            if said.is_empty() { message } else { format!("{message}; its last output: {said}") }
        };
        match ended {
            Err(_) => {
                let seconds = self.timeout.as_secs_f64();
                let message = format!("the command ran longer than {seconds} seconds and was killed");
                failed("command_timeout", with_output(message), said)
            }
            Ok(Err(error)) => failed("command_failed", format!("its exit status is unknown: {error}"), said),
            Ok(Ok(status)) if status.success() => Tried { outcome: Outcome::Done, answer: said },
            Ok(Ok(status)) => {
                failed("command_failed", with_output(format!("the command exited with {status}")), said)
            }
        }
    }
}
