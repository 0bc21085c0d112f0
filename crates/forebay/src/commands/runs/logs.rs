//! `forebay runs logs`: the log lines of a run.

use std::time::Duration;

use clap::value_parser;
use forebay_domain::run::RunStatus;
use forebay_engine::{logs::Level, scrape::ENDED};
use forebay_store::{
    connect::{Client, Database},
    logs::{self, Grep, LogFilter},
};
use forebay_views::{
    LogLine, Page,
    read::runs::{log as read_log, log_page, status},
};
use tokio::time::{Instant, sleep};

use crate::{
    cli::values::{LogLevel, RunName},
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{self, Report, Style, Tone, Ui, format},
};

/// Lines read at a time while following a run.
const PORTION: u32 = 1_000;
/// How often to poll a run in progress.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait for the last lines, which are written shortly after the run has ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// Show the log of a run
///
/// Debug lines are stored only for scrapes that ran with `--run-log-level debug`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs logs 42
  forebay runs logs 42 --level warn
  forebay runs logs 42 --grep 'page=3'
  forebay runs logs latest --tail 20 --follow")]
pub(crate) struct Args {
    /// Id of the run, or `latest`
    pub(crate) run: RunName,

    /// Minimum level of the lines
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Debug)]
    pub(crate) level: LogLevel,

    /// Only lines with this text in their message or metadata, ignoring case
    #[arg(long, value_name = "TEXT")]
    pub(crate) grep: Option<String>,

    /// Follow the log until the run ends
    #[arg(long)]
    pub(crate) follow: bool,

    /// Only lines after this `log_id`, for example `next` of the previous page
    #[arg(long, value_name = "ID", value_parser = value_parser!(i64).range(0..))]
    pub(crate) after: Option<i64>,

    /// Only the last N lines, and with --follow those that come after them
    #[arg(long, value_name = "N", conflicts_with_all = ["after", "limit"],
        value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) tail: Option<u32>,

    /// Maximum number of lines, from the first [default: 1000; with --follow: all]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) limit: Option<u32>,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let report = context
        .with_database(async |database| {
            let client = database.client().await?;
            let run_id = names::run(&client, args.run).await?;
            let status = status(&client, run_id).await?;
            let filter = args.filter(&client, run_id).await?;
            drop(client);
            if args.follow {
                follow(args, filter, &context.ui, database, status).await
            } else {
                read(args, &filter, database).await
            }
        })
        .await?;
    context.ui.show_page(&report)?;
    if report.items.is_empty() && report.next.is_none() && !args.follow {
        context
            .ui
            .note("no lines are stored for this run: only scrapes store logs, and old lines are deleted");
    }
    Ok(Exit::Done)
}

impl Args {
    async fn filter(&self, client: &Client, run_id: i64) -> Result<LogFilter, Failure> {
        let mut filter = LogFilter {
            run_id,
            min_level: self.level.into(),
            grep: self.grep.clone().map(Grep::Text),
            after: self.after,
        };
        if let Some(number) = self.tail {
            filter.after = logs::before_last(&***client, &filter, number).await?;
        }
        Ok(filter)
    }
}

async fn read(args: &Args, filter: &LogFilter, database: &Database) -> Result<Page<LogLine>, Failure> {
    let limit = args.limit.or(args.tail).unwrap_or(PORTION);
    read_log(&database.client().await?, filter, limit).await
}

/// Shows lines as they arrive until the run has ended. JSON output is one document, so it is printed at the end.
async fn follow(
    args: &Args,
    mut filter: LogFilter,
    ui: &Ui,
    database: &Database,
    mut last_status: RunStatus,
) -> Result<Page<LogLine>, Failure> {
    let mut report = Page::from(Vec::new());
    let limit = args.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let (mut num_shown, mut has_ended) = (0, false);
    let mut deadline = None;
    loop {
        let client = database.client().await?;
        // The status is read before the next lines, so once the run has ended no earlier line is missed.
        let was_running = last_status == RunStatus::Running;
        let lines = logs::read(&**client, &filter, PORTION).await?;
        last_status = status(&client, filter.run_id).await?;
        // No connection is held while waiting.
        drop(client);
        let is_whole = lines.len() < PORTION as usize;
        filter.after = lines.last().map(|line| line.log_id).or(filter.after);
        has_ended |= lines.iter().any(|line| line.metadata.get(ENDED).is_some());
        let more = log_page(lines.into_iter().map(LogLine::from).collect(), limit - num_shown);
        num_shown += more.items.len();
        report.next = more.next;
        if ui.is_json() {
            report.items.extend(more.items);
        } else {
            ui.show(&Page::from(more.items))?;
        }
        if report.next.is_some() {
            return Ok(report);
        }
        if !was_running && is_whole {
            // A filter by level or text may hide the last line.
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
            if has_ended || Instant::now() >= deadline {
                return Ok(report);
            }
        }
        if is_whole {
            sleep(LOOK).await;
        }
    }
}

/// `2026-01-12 09:30:00 UTC  warn   …`.
fn text(line: &LogLine, style: Style) -> String {
    let tone = match Level::parse(&line.level) {
        Some(Level::Error) => Some(Tone::Bad),
        Some(Level::Warn) => Some(Tone::Warning),
        Some(Level::Debug) => Some(Tone::Faint),
        Some(Level::Info) | None => None,
    };
    let level = format!("{:5}", line.level);
    let level = tone.map_or(level.clone(), |tone| style.paint(tone, &level));
    format!("{}  {level}  {}", format::timestamp(line.logged_at.get()), format::plain(&line.message))
}

impl Report for Page<LogLine> {
    fn write(&self, page: &mut ui::Page) {
        for line in &self.items {
            let text = text(line, page.style());
            page.line(&text);
        }
    }
}
