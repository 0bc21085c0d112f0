//! `forebay runs logs`: what a run said.

use std::time::Duration;

use clap::value_parser;
use forebay_domain::run::RunStatus;
use forebay_engine::{Error, logs::Level, scrape::ENDED};
use forebay_store::{
    connect::{Client, Database},
    logs::{self, Grep, LogFilter, LogLine},
    runs,
};
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::{
    cli::values::LogLevel,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Style, Tone, Ui, format},
};

/// Lines that are read at a time while a run is followed.
const PORTION: u32 = 1_000;
/// How often a run that goes on is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// The last lines of a run are written a moment after it has ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// Show what a run said
///
/// Lines of the level debug are kept only for scrapes that were started with `--log-level debug`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs logs 42
  forebay runs logs 42 --level warn
  forebay runs logs 42 --grep 'page=3'
  forebay runs logs 42 --follow")]
pub(crate) struct Args {
    /// The run, by its id
    #[arg(value_parser = value_parser!(i64).range(1..))]
    pub(crate) run: i64,

    /// Only lines that matter at least so much
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Debug)]
    pub(crate) level: LogLevel,

    /// Only lines that hold this text, in their message or metadata; case does not matter
    #[arg(long, value_name = "TEXT")]
    pub(crate) grep: Option<String>,

    /// Go on until the run has ended
    #[arg(long)]
    pub(crate) follow: bool,

    /// Most lines to show, from the first [default: 1000, with --follow all]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) limit: Option<u32>,
}

/// What is printed as JSON: `{"run_id", "lines": [ … ], "has_more"}`.
#[derive(Debug, Serialize)]
struct LogsReport {
    run_id: i64,
    lines: Vec<Line>,
    has_more: bool,
}

/// One line. Its fields are stable.
#[derive(Debug, Serialize)]
struct Line {
    log_id: i64,
    logged_at: Timestamp,
    level: &'static str,
    message: String,
    metadata: serde_json::Value,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let report = context
        .with_database(async |database| {
            let status = status(&database.client().await?, args.run).await?;
            if args.follow {
                follow(args, &context.ui, database, status).await
            } else {
                read(args, database).await
            }
        })
        .await?;
    context.ui.show(&report)?;
    if report.has_more {
        context.ui.note("there are more lines; --limit shows them");
    } else if report.lines.is_empty() && !args.follow {
        context
            .ui
            .note("the run said nothing, or nothing of it is kept any more; only scrapes say something");
    }
    Ok(Exit::Done)
}

async fn status(client: &Client, run_id: i64) -> Result<RunStatus, Failure> {
    let run = runs::find(&***client, run_id).await?.ok_or(Error::NoSuchRun { run_id })?;
    Ok(run.status)
}

impl Args {
    fn filter(&self) -> LogFilter {
        LogFilter {
            run_id: self.run,
            min_level: self.level.into(),
            grep: self.grep.clone().map(Grep::Text),
            after: None,
        }
    }
}

async fn read(args: &Args, database: &Database) -> Result<LogsReport, Failure> {
    let limit = args.limit.unwrap_or(PORTION);
    let client = database.client().await?;
    // One more, to tell whether there are more.
    let mut lines = logs::read(&**client, &args.filter(), limit.saturating_add(1)).await?;
    let has_more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    Ok(LogsReport { run_id: args.run, lines: lines.into_iter().map(Line::from).collect(), has_more })
}

/// Shows lines as they come until the run has ended. As JSON they are one document, so they are shown at the end.
async fn follow(
    args: &Args,
    ui: &Ui,
    database: &Database,
    mut last_status: RunStatus,
) -> Result<LogsReport, Failure> {
    let mut filter = args.filter();
    let mut report = LogsReport { run_id: args.run, lines: Vec::new(), has_more: false };
    let limit = args.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let (mut num_shown, mut is_told) = (0, false);
    let mut deadline = None;
    loop {
        let client = database.client().await?;
        // What it said before it ended is read after that is known.
        let was_running = last_status == RunStatus::Running;
        let lines = logs::read(&**client, &filter, PORTION).await?;
        last_status = status(&client, args.run).await?;
        // Nothing of the pool is held while nothing happens.
        drop(client);
        let is_whole = lines.len() < PORTION as usize;
        filter.after = lines.last().map(|line| line.log_id).or(filter.after);
        is_told |= lines.iter().any(|line| line.metadata.get(ENDED).is_some());
        report.has_more = num_shown + lines.len() > limit;
        let shown = lines.into_iter().take(limit - num_shown).map(Line::from);
        report.lines.extend(shown);
        if ui.is_json() {
            num_shown = report.lines.len();
        } else {
            ui.show(&report)?;
            num_shown += report.lines.len();
            report.lines.clear();
        }
        if report.has_more {
            return Ok(report);
        }
        if !was_running && is_whole {
            // A level or a text that is looked for may keep the last line from being seen.
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
            if is_told || Instant::now() >= deadline {
                return Ok(report);
            }
        }
        if is_whole {
            sleep(LOOK).await;
        }
    }
}

impl From<LogLine> for Line {
    fn from(line: LogLine) -> Self {
        Self {
            log_id: line.log_id,
            logged_at: line.logged_at,
            level: line.level.as_str(),
            message: line.message,
            metadata: line.metadata,
        }
    }
}

impl Line {
    /// `2026-01-12 09:30:00 UTC  warn   …`.
    fn text(&self, style: Style) -> String {
        let tone = match Level::parse(self.level) {
            Some(Level::Error) => Some(Tone::Bad),
            Some(Level::Warn) => Some(Tone::Warning),
            Some(Level::Debug) => Some(Tone::Faint),
            Some(Level::Info) | None => None,
        };
        let level = format!("{:5}", self.level);
        let level = tone.map_or(level.clone(), |tone| style.paint(tone, &level));
        format!("{}  {level}  {}", format::timestamp(self.logged_at), format::plain(&self.message))
    }
}

impl Report for LogsReport {
    fn write(&self, page: &mut Page) {
        for line in &self.lines {
            let text = line.text(page.style());
            page.line(&text);
        }
    }
}
