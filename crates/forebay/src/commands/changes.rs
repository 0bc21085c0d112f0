//! `forebay changes`: what changed, as a stream that can be resumed.

use std::time::Duration;

use forebay_domain::handoff::Change as Word;
use forebay_store::{
    connect::{Client, Database},
    timeline::{StreamCursor, StreamFilter},
};
use forebay_views::{ChangeEvent, ChangeStream, read::changes as read};
use jiff::Timestamp;
use tokio::time::sleep;

use super::signals::Signals;
use crate::{
    cli::{moment::past, values},
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// Changes read at a time while following.
const PORTION: u32 = 1_000;
/// How often to look for more.
const LOOK: Duration = Duration::from_secs(1);

/// Show what changed, oldest first, as a stream that can be resumed
///
/// A change appears when its run has ended. Every position has a cursor: a reader that continues at the last cursor it
/// has processed misses nothing and gets nothing twice, however many runs write at the same time.
///
/// With `--follow` and `--output json`, standard output is JSON Lines: one change a line, each with its cursor.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay changes --since 24h
  forebay changes --source courses --follow
  forebay changes --since CURSOR --output json")]
pub(crate) struct Args {
    /// Start with runs that ended since this time or within this span (`2h`, `3d`), or after this cursor [default: the
    /// first change; with --follow: now]
    #[arg(long, value_name = "TIME|CURSOR")]
    pub(crate) since: Option<Since>,

    /// Wait for further changes until stopped
    #[arg(long)]
    pub(crate) follow: bool,

    /// Only this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,

    /// Only this entity type
    #[arg(long, value_name = "ENTITY", value_parser = values::name)]
    pub(crate) entity: Option<String>,

    /// Maximum number of changes
    #[arg(long, value_name = "N", default_value_t = 100, conflicts_with = "follow",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}

/// Where to start.
#[derive(Clone, Debug)]
pub(crate) enum Since {
    /// With the runs that ended at this time or later.
    Time(Timestamp),
    /// After this position.
    Cursor(StreamCursor),
}

impl std::str::FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // No cursor looks like a time or a span: it begins with a letter.
        if let Ok(cursor) = read::position(text) {
            return Ok(Self::Cursor(cursor));
        }
        past(text).map(Self::Time).map_err(|expected| format!("{expected}, or a cursor of this command"))
    }
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context
        .with_database(async |database| {
            let client = database.client().await?;
            read::check_names(&client, &args.filter(), context.config()?.definitions()).await?;
            let from = start(args, &client).await?;
            drop(client);
            if args.follow {
                follow(args, context, database, from).await
            } else {
                once(args, context, database, from).await
            }
        })
        .await
}

/// The first position. Error: `cursor_invalid` for one that this database doesn't have.
async fn start(args: &Args, client: &Client) -> Result<StreamCursor, Failure> {
    match &args.since {
        None if args.follow => Ok(StreamCursor::now(&***client).await?),
        None => Ok(StreamCursor::START),
        Some(Since::Time(time)) => Ok(StreamCursor::since(&***client, *time).await?),
        Some(Since::Cursor(from)) => read::check(client, *from).await,
    }
}

impl Args {
    fn filter(&self) -> StreamFilter {
        StreamFilter { source: self.source.clone(), entity_type: self.entity.clone() }
    }
}

async fn once(
    args: &Args,
    context: &Context,
    database: &Database,
    from: StreamCursor,
) -> Result<Exit, Failure> {
    let shown = read::page(database, &args.filter(), from, args.limit).await?;
    context.ui.show(&shown)?;
    if !context.ui.is_json() {
        let what = if shown.is_last { "to continue later" } else { "there are more; to continue" };
        context.ui.note(&format!("{what}, add --since {}", shown.next));
    }
    Ok(Exit::Done)
}

/// Prints changes as they come, until a signal.
async fn follow(
    args: &Args,
    context: &Context,
    database: &Database,
    mut from: StreamCursor,
) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let filter = args.filter();
    let following = async {
        loop {
            let page = read::part(database, &filter, from, PORTION).await?;
            from = page.next;
            let is_last = page.is_last;
            let shown = read::view(page)?;
            if context.ui.is_json() {
                for event in &shown.items {
                    context.ui.line(event)?;
                }
            } else if !shown.items.is_empty() {
                context.ui.show(&shown)?;
            }
            if is_last {
                sleep(LOOK).await;
            }
        }
    };
    tokio::select! {
        ended = following => ended,
        () = signals.next() => Ok(Exit::Interrupted),
    }
}

impl Report for ChangeStream {
    fn write(&self, page: &mut Page) {
        for ChangeEvent { change, .. } in &self.items {
            let tone = match Word::parse(&change.change) {
                Some(Word::Removed) => Some(Tone::Warning),
                Some(Word::Added | Word::Restored) => Some(Tone::Good),
                Some(Word::Updated) | None => None,
            };
            let fields = format::field_names(&change.field_names);
            let key = format::plain(&change.record_key);
            let at = format::timestamp(change.changed_at.get());
            let line = format!("{at}  {:8}  {}/{key}{fields}", change.change, change.source);
            match tone {
                Some(tone) => page.toned(tone, &line),
                None => page.line(&line),
            }
        }
        if self.items.is_empty() {
            page.line("no changes");
        }
    }
}
