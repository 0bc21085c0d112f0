//! `forebay content watch`: follows a course folder that others write.

use std::sync::{Mutex, PoisonError};

use forebay_domain::content::PersistMode;
use forebay_engine::{
    clock,
    content::{self, WatchEnd, WatchEvent, WatchOptions},
};
use forebay_views::ContentWatchEvent;
use tokio::sync::Notify;

use super::{
    super::signals::stoppable_by,
    persistence::{connection, target},
    writing::WritingArgs,
};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Keep the database equal to a course folder while others write it
///
/// Runs until stopped. Changes are stored within a second, as soon as their files are complete. A folder that is gone
/// or has lost more than 20% of its files (and more than one) at once ends the command, and nothing is removed.
///
/// With `--output json`, standard output is JSON Lines: one object for each event as it happens. The `event` of the
/// last line is `stopped` or, if the command fails, `error`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content watch outputs/courses/rust-basics
  forebay content watch outputs/courses/rust-basics --rescan-every 1m --output json")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,

    /// How often to compare folder and database although no change was reported
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub(crate) rescan_every: values::Duration,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let end = match stoppable_by(|stop| Box::pin(watch(args, context, stop))).await {
        Ok(end) => end,
        // Standard output is JSON Lines of one schema, so the error is a line too.
        Err(failure) if context.ui.is_json() => {
            context.ui.line(&ContentWatchEvent::Error { at: clock::now().into(), error: failure.view() })?;
            return Ok(failure.exit_code());
        }
        Err(failure) => return Err(failure),
    };
    let is_held = end == WatchEnd::Held;
    if context.ui.is_json() {
        context.ui.line(&ContentWatchEvent::Stopped { at: clock::now().into(), is_held })?;
    } else if is_held {
        context.ui.warn("a run was not applied; `forebay runs list --status held` shows it");
    }
    Ok(if is_held { Exit::Held } else { Exit::Done })
}

async fn watch(
    args: &Args,
    context: &Context,
    asked: impl Future<Output = ()> + Send,
) -> Result<WatchEnd, Failure> {
    // A missing folder is an error before the database is contacted.
    let (settings, _) = args.writing.folder.open(context)?;
    let mode = args.writing.persistence.mode(context)?;
    if mode == PersistMode::Off {
        context.ui.note("persistence is off, so the database is not written");
    }
    let options =
        WatchOptions { rescan_every: args.rescan_every.get(), mode, connection: connection(context)? };
    let (path, target) = (args.writing.folder.folder.clone(), target(mode, context)?);
    // The first output that failed: nobody reads any more.
    let (unread, closed) = (Mutex::new(None), Notify::new());
    let tell = |event: WatchEvent<'_>| {
        if let Err(failure) = show(context, event) {
            unread.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
            closed.notify_one();
        }
    };
    let stop = async {
        tokio::select! {
            () = asked => {}
            () = closed.notified() => {}
        }
    };
    let end = content::watch(settings, path, target, options, &tell, stop).await;
    let unread = unread.into_inner().unwrap_or_else(PoisonError::into_inner);
    match unread {
        Some(failure) => Err(failure),
        None => Ok(end?),
    }
}

fn show(context: &Context, event: WatchEvent<'_>) -> Result<(), Failure> {
    let error = |error: &forebay_engine::Error| Failure::from(error).view();
    let Some(event) = ContentWatchEvent::of_event(event, clock::now(), error) else { return Ok(()) };
    if context.ui.is_json() {
        return context.ui.line(&event);
    }
    match event {
        ContentWatchEvent::Synced { sync, .. } => return context.ui.show(&*sync),
        ContentWatchEvent::Ready { has_hints: true, .. } => {
            context.ui.note("watching; Ctrl-C stops");
        }
        ContentWatchEvent::Ready { has_hints: false, .. } => {
            context
                .ui
                .warn("the system reports no changes of this folder; it is read twice a second instead");
        }
        ContentWatchEvent::Locked { .. } => {
            context.ui.note("waiting: another process is working on the folder");
        }
        ContentWatchEvent::DatabaseUnreachable { error, .. } => context.ui.warn(&format!(
            "the database cannot be reached, and is tried again ({}): {}",
            error.code, error.message
        )),
        ContentWatchEvent::DatabaseReachable { .. } => context.ui.note("the database is back"),
        ContentWatchEvent::Failed { error, .. } => {
            context.ui.warn(&format!("the comparison is tried again ({}): {}", error.code, error.message));
        }
        ContentWatchEvent::Stopped { .. } | ContentWatchEvent::Error { .. } => {}
    }
    Ok(())
}
