//! `watch`: follows a folder that others write, and keeps the database equal to it.
//!
//! Events are hints: they only say when to look. A look compares the whole folder, so a lost event costs time and
//! nothing else; a look without a hint comes regularly. A file is persisted when two looks see the same bytes, so
//! neither a file that is being written nor one that an editor is replacing is taken for a change.
//!
//! The folder is locked only while it is synced: the generator may use commands that lock it, too. It is
//! not kept open between two looks, so that it can be unmounted.
//!
//! When changing this: a look must not write files that count as hints, or it would follow itself forever.

mod listener;
mod look;
mod options;

use std::{
    path::PathBuf,
    pin::pin,
    time::{Duration, Instant},
};

use forebay_domain::{
    backoff::ceiling,
    content::{
        PersistMode, Problem,
        plan::{Changes, Conflict, RemoteChange},
    },
    run::RunStatus,
};
use forebay_store::connect::Target;
use tokio::time::{sleep, timeout};
use tracing::info;

use self::{
    listener::ChangeListener,
    look::{Look, Looked},
};
use super::{course::CourseSettings, error::ContentError, sync::SyncReport};
use crate::error::{Error, Result};

pub use options::WatchOptions;

/// After a hint, how long to wait for the next one: writing a file causes several.
const QUIET: Duration = Duration::from_millis(60);
/// Hints that do not end are interrupted after this time.
const LONGEST_HINTS: Duration = Duration::from_millis(300);
/// How soon to look again at files that changed between two looks, and at a folder that is locked.
const SOON: Duration = Duration::from_millis(200);
/// How soon to look again after a change. What is written into a new folder at once may come without a hint.
const AFTER_CHANGE: Duration = Duration::from_millis(500);
/// How often to look if the system gives no hints.
const WITHOUT_HINTS: Duration = Duration::from_millis(500);
/// The wait after failures: after the first, and the longest.
const AFTER_FAILURE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(5));

/// What happens while a folder is watched.
#[derive(Debug)]
#[non_exhaustive]
pub enum WatchEvent<'a> {
    /// The first look is done.
    Ready {
        /// Whether the system gives hints; otherwise the folder is read twice a second.
        has_hints: bool,
    },
    /// The database was written, or what is wrong with the folder has changed.
    Synced(Box<SyncReport>),
    /// Another process has locked the folder. The look is repeated.
    Locked,
    /// The database cannot be reached. The look is repeated.
    Unreachable(&'a Error),
    /// The database can be reached again.
    Reachable,
    /// A look failed for a reason that may pass. It is repeated.
    Failed(&'a Error),
}

/// Why watching ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchEnd {
    /// Somebody stopped it.
    Stopped,
    /// A run was not applied, such as one that a guard holds. It waits for a decision.
    Held,
}

/// Watches a folder until `stop` is ready. A look that has begun is completed.
///
/// Errors, which end it: the folder is missing, too many of its files are gone at once, and what no later look can make
/// good, such as a database without our schema.
pub async fn watch(
    settings: CourseSettings,
    folder: PathBuf,
    target: Target,
    options: WatchOptions,
    emit: &(dyn Fn(WatchEvent<'_>) + Send + Sync),
    stop: impl Future<Output = ()> + Send,
) -> Result<WatchEnd> {
    // First, so that no change comes between the first look and the first hint.
    let mut listener = ChangeListener::open(&folder);
    let (rescan_every, mode) = (options.rescan_every, options.mode);
    let mut look = Look::new(settings, folder, target, options);
    let mut state = State::new(mode);
    let mut stop = pin!(stop);
    let end = loop {
        let wait = match state.after(look.look().await, emit) {
            Ok(Next::Look(wait)) => wait,
            Ok(Next::Rescan) => rescan_every,
            Ok(Next::End) => break Ok(WatchEnd::Held),
            Err(error) => break Err(error),
        };
        if !state.is_ready && state.num_failures == 0 {
            state.is_ready = true;
            emit(WatchEvent::Ready { has_hints: listener.has_hints() });
        }
        listener.follow();
        let wait = if listener.has_hints() { wait } else { wait.min(WITHOUT_HINTS) };
        tokio::select! {
            () = wait_for_hint(&listener, wait, state.num_failures) => {}
            () = &mut stop => break Ok(WatchEnd::Stopped),
        }
    };
    look.close().await?;
    end
}

/// Waits for hints, and until they are over; at most `wait`.
async fn wait_for_hint(listener: &ChangeListener, wait: Duration, num_failures: u32) {
    if num_failures > 0 {
        // A hint is no reason to contact a database that does not answer.
        return sleep(wait).await;
    }
    if timeout(wait, listener.hint()).await.is_ok() {
        let started = Instant::now();
        while started.elapsed() < LONGEST_HINTS && timeout(QUIET, listener.hint()).await.is_ok() {}
    }
}

/// What to do after a look.
#[derive(Debug, PartialEq)]
enum Next {
    /// Look again after this time, or at a hint.
    Look(Duration),
    /// Look again when it is time for a rescan, or at a hint.
    Rescan,
    /// End: a run waits for a decision.
    End,
}

/// What is known from earlier looks.
struct State {
    num_failures: u32,
    /// With `shadow`, errors that may pass are only logged.
    mode: PersistMode,
    is_ready: bool,
    is_locked: bool,
    is_unreachable: bool,
    /// What was wrong when that was last reported.
    reported: Wrong,
}

/// What somebody has to look at.
#[derive(Default, PartialEq)]
struct Wrong {
    problems: Vec<Problem>,
    conflicts: Vec<Conflict>,
    remote: Vec<RemoteChange>,
}

impl Wrong {
    fn of(report: &SyncReport) -> Self {
        let Changes { conflicts, remote, problems, .. } = &report.changes;
        Self {
            problems: report.problems.iter().chain(problems).cloned().collect(),
            conflicts: conflicts.clone(),
            remote: remote.clone(),
        }
    }
}

impl State {
    fn new(mode: PersistMode) -> Self {
        let reported = Wrong::default();
        Self { num_failures: 0, mode, is_ready: false, is_locked: false, is_unreachable: false, reported }
    }

    /// Reports what a look has found. Error: no later look can succeed.
    fn after(
        &mut self,
        looked: Result<Looked>,
        emit: &(dyn Fn(WatchEvent<'_>) + Send + Sync),
    ) -> Result<Next> {
        let error = match looked {
            Ok(Looked::Unchanged) => return Ok(self.succeeded(emit, Next::Rescan)),
            Ok(Looked::Synced { report, num_unsettled }) => {
                let is_held = report.run.as_ref().is_some_and(|run| run.status != RunStatus::Complete);
                let has_written = report.run.is_some() || report.num_repaired > 0;
                let next = match (is_held, num_unsettled, has_written) {
                    (true, ..) => Next::End,
                    (_, 1.., _) => Next::Look(SOON),
                    (.., true) => Next::Look(AFTER_CHANGE),
                    (.., false) => Next::Rescan,
                };
                let next = self.succeeded(emit, next);
                let wrong = Wrong::of(&report);
                if has_written || wrong != self.reported {
                    self.reported = wrong;
                    emit(WatchEvent::Synced(report));
                }
                return Ok(next);
            }
            Err(error) => error,
        };
        if is_final(&error) {
            return Err(error);
        }
        if error.code() == "content_folder_locked" {
            if !std::mem::replace(&mut self.is_locked, true) {
                emit(WatchEvent::Locked);
            }
            return Ok(Next::Look(SOON));
        }
        self.num_failures = self.num_failures.saturating_add(1);
        if self.mode == PersistMode::Shadow {
            info!(code = error.code(), num_failures = self.num_failures, "the comparison failed: {error}");
        } else if !error.is_unreachable() {
            emit(WatchEvent::Failed(&error));
        } else if !std::mem::replace(&mut self.is_unreachable, true) {
            emit(WatchEvent::Unreachable(&error));
        }
        let (first, longest) = AFTER_FAILURE;
        Ok(Next::Look(ceiling(first, longest, self.num_failures)))
    }

    fn succeeded(&mut self, emit: &(dyn Fn(WatchEvent<'_>) + Send + Sync), next: Next) -> Next {
        if std::mem::take(&mut self.is_unreachable) {
            emit(WatchEvent::Reachable);
        }
        self.is_locked = false;
        self.num_failures = 0;
        next
    }
}

/// Whether no later look can succeed unless somebody does something about it.
fn is_final(error: &Error) -> bool {
    let is_refused = matches!(error, Error::Content(error) if matches!(**error, ContentError::Refused(_)));
    is_refused || error.is_usage() || error.is_about_schema()
}
