//! `exec`: pipes batches of changes to the user's command, as JSON Lines.
//!
//! ```toml
//! command = ["python3", "ingest.py"]
//! timeout = "60s"
//! batch = 100
//! concurrency = 1
//! env = ["INDEX_URL", "INDEX_TOKEN"]
//! directory = "/srv/ingest"
//! ```
//!
//! Each batch starts the command once, without a shell, and up to `concurrency` commands run at the same time. The
//! command reads one event per line and writes one verdict per line, in any order ([`verdict`]). A verdict counts as
//! soon as its line is read. Events without a verdict are retried. The command runs in its own process group. The whole
//! group is killed when the command exits, when it times out, and when the worker stops waiting. A process that
//! has left the group (`setsid`) is killed as well unless the command has exited by itself ([`Mark`](child::Mark)).
//!
//! The command gets the worker's environment without Forebay's secrets ([`environment::of_programs`]), and the
//! variables listed in `env`, if they are set. Their values are masked in the stored part of its output.

mod process;
mod verdict;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use forebay_domain::handoff::FailureClass;
use forebay_sources::{Masks, environment};
use forebay_store::pipelines::{Effect, PipelineSpec};
use serde_json::{Map, Value, json};

use crate::{
    child,
    error::Result,
    work::{
        effect::Shape,
        event::{Answer, Event, Outcome, object_with},
        setting_error::SettingError,
        settings::{self, Settings},
    },
};

use process::{End, Run};
use verdict::Verdicts;

const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);
const DEFAULT_BATCH: u32 = 100;

/// The settings.
#[derive(Debug)]
pub(super) struct Config {
    program: String,
    arguments: Vec<String>,
    timeout: Duration,
    batch: u32,
    concurrency: u32,
    env: Vec<String>,
    directory: Option<PathBuf>,
}

/// The handler, once its program is found.
#[derive(Debug)]
pub(in crate::work) struct Exec {
    pipeline: String,
    config: Config,
    program: PathBuf,
}

/// Reads the settings.
pub(super) fn read(mut settings: Settings) -> settings::Result<Config> {
    let mut command = settings.texts("command")?.unwrap_or_default().into_iter();
    let program = command.next().filter(|program| !program.is_empty());
    let program = program.ok_or_else(|| {
        settings.wrong(
            &["command"],
            "the handler `exec` needs `command`: the program and its arguments, as a list of texts",
        )
    })?;
    let arguments: Vec<String> = command.collect();
    if arguments.iter().chain([&program]).any(|text| text.contains('\0')) {
        return Err(settings.wrong(&["command"], "the setting `command` must not contain NUL characters"));
    }
    let timeout = settings.duration("timeout", LONGEST_TIMEOUT)?.unwrap_or(DEFAULT_TIMEOUT);
    let batch = settings.integer("batch", 1..=10_000)?.unwrap_or(DEFAULT_BATCH);
    let concurrency = settings.integer("concurrency", 1..=256)?.unwrap_or(1);
    let env = settings.texts("env")?.unwrap_or_default();
    if env.iter().any(|name| name.is_empty() || name.contains(['=', '\0'])) {
        let problem = "the setting `env` must list names of environment variables, without values";
        return Err(settings.wrong(&["env"], problem));
    }
    let directory = settings.text("directory")?.map(PathBuf::from);
    Ok(Config { program, arguments, timeout, batch, concurrency, env, directory })
}

/// The command and its folder are the receiver. What it reads has no settings.
pub(super) fn effect(config: &Config) -> Effect {
    let Config { program, arguments, directory, timeout: _, batch: _, concurrency: _, env: _ } = config;
    Shape::default().sent_to(&json!([program, arguments, directory]))
}

impl Exec {
    /// Finds the program but does not start it.
    pub(super) fn open(spec: &PipelineSpec) -> settings::Result<Self> {
        let config = read(Settings::of(spec)?)?;
        let wrong = |setting: &str, problem: String| Err(SettingError::new(&spec.name, &[setting], problem));
        if let Some(directory) = config.directory.as_deref().filter(|directory| !directory.is_dir()) {
            return wrong("directory", format!("`directory` {} is not a folder", directory.display()));
        }
        let Some(program) = child::find(&config.program, config.directory.as_deref()) else {
            return wrong("command", format!("there is no program {:?} that can be run", config.program));
        };
        Ok(Self { pipeline: spec.name.clone(), config, program })
    }

    /// The number of commands at the same time.
    pub(in crate::work) fn slots(&self) -> usize {
        usize::try_from(self.config.concurrency).unwrap_or(usize::MAX)
    }

    /// The maximum number of events per run of the command.
    pub(in crate::work) fn group(&self) -> usize {
        usize::try_from(self.config.batch).unwrap_or(usize::MAX)
    }

    /// Runs the command on the events. An error affects the whole pipeline: the command cannot be started.
    pub(in crate::work) async fn deliver(&self, events: &[Event], answer: &Answer<'_>) -> Result<()> {
        let named = self.named_variables();
        let masks =
            Masks::of(&named.values().map(|value| value.to_string_lossy().into_owned()).collect::<Vec<_>>());
        let masked = |place: usize, mut outcome: Outcome| {
            if let Outcome::Failed { message, .. } = &mut outcome {
                *message = masks.apply(message);
            }
            answer(place, outcome);
        };
        let mut verdicts = Verdicts::of(events, &masked);
        let run = Run {
            program: &self.program,
            arguments: &self.config.arguments,
            directory: self.config.directory.as_deref(),
            environment: environment::of_programs().into_iter().chain(named).collect(),
            timeout: self.config.timeout,
            masks: &masks,
        };
        let lines = events.iter().map(line).collect();
        let (end, stderr) = match run.over(lines, &mut verdicts).await {
            Ok(end) => end,
            Err(error) if child::is_about_the_program(&error) => {
                let reason = format!("the program {:?} cannot be run: {error}", self.config.program);
                return Err(SettingError::new(&self.pipeline, &["command"], reason).into());
            }
            Err(error) => (End::NotStarted(error), String::new()),
        };
        verdicts.finish(|bad| self.unanswered(&end, &stderr, bad));
        Ok(())
    }

    /// The outcome of an event without a verdict. `stderr` is the end of the command's standard error, `bad` the
    /// problem with the event's verdict, if it had one.
    fn unanswered(&self, end: &End, stderr: &str, bad: Option<&str>) -> Outcome {
        let (reason_code, message) = match (end, bad) {
            (End::Timeout, _) => {
                let seconds = self.config.timeout.as_secs_f64();
                ("exec_timeout", format!("the command ran longer than {seconds} seconds and was killed"))
            }
            (End::TooMuch, _) => (
                "exec_output_limit",
                "the command's output was too long, and the command was killed".to_owned(),
            ),
            (End::NotStarted(error), _) => {
                ("exec_failed", format!("the command could not be started: {error}"))
            }
            (End::Exited(status), _) if !status.success() => {
                ("exec_failed", format!("the command exited with {status} without a verdict"))
            }
            (End::Exited(_), Some(bad)) => ("exec_bad_verdict", bad.to_owned()),
            (End::Exited(_), None) => {
                ("exec_no_verdict", "the command exited successfully without a verdict".to_owned())
            }
        };
        let message =
            if stderr.is_empty() { message } else { format!("{message}; its last output: {stderr}") };
        Outcome::failed(FailureClass::Transient, reason_code, message)
    }

    /// The variables that the settings name, which the command gets in addition. They are secrets.
    fn named_variables(&self) -> BTreeMap<OsString, OsString> {
        self.config.env.iter().filter_map(|name| Some((name.into(), environment::var_os(name)?))).collect()
    }
}

/// An event in the command's input format.
fn line(event: &Event) -> String {
    let members = json!({
        "id": event.id(),
        "reference_id": event.reference_id.to_string(),
        "source": event.source,
        "entity_type": event.entity_type,
        "record_key": event.record_key,
        "change": event.change.as_str(),
        "version": event.version,
        "payload_hash": event.payload_hash.to_string(),
        "generation": event.generation,
        "attempt": event.attempt,
        "changed_at": event.changed_at.to_string(),
    });
    let members = if let Value::Object(members) = members { members } else { Map::new() };
    // A JSON text contains line breaks only between tokens, so a space can replace them.
    let payload = event.payload.as_deref().unwrap_or("null").replace(['\n', '\r'], " ");
    let mut line = object_with(members, "payload", &payload);
    line.push('\n');
    line
}
