//! Persists lessons in the background, while others are generated.
//!
//! A sync compares the whole course, so it takes what has come since the last one, and it never runs more than a part of
//! the time. The generator never waits for it.

use std::{
    mem,
    time::{Duration, Instant},
};

use forebay_domain::{content::PersistMode, run::RunStatus};
use forebay_store::content::MeasuredLesson;
use tokio::{sync::mpsc::UnboundedReceiver, time::timeout};
use tracing::info;

use super::{
    super::persister::{CoursePersister, PersistCounts, Persisted},
    report::Behind,
};
use crate::error::Result;

/// The shortest pause between two syncs.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// A pause is at least so many times as long as the sync before it.
const PAUSE_FACTOR: u32 = 4;

/// What happened in the database.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) counts: PersistCounts,
    pub(super) behind: Option<Behind>,
}

/// Persists what comes, until the sender is dropped; then everything that is left.
///
/// Error: the database cannot be used at all, such as one without our schema.
pub(super) async fn keep(
    opening: impl Future<Output = Result<CoursePersister>> + Send,
    mode: PersistMode,
    mut written: UnboundedReceiver<MeasuredLesson>,
) -> Result<Kept> {
    let mut persister = opening.await?;
    if mode == PersistMode::Off {
        while written.recv().await.is_some() {}
        return Ok(Kept { counts: persister.disconnect().await?, behind: None });
    }
    let (mut lessons, mut is_over) = (Vec::new(), false);
    // Nothing was persisted yet, so nothing is known about the database.
    let (mut is_known, mut behind) = (false, None);
    while !is_over {
        if lessons.is_empty() && written.recv_many(&mut lessons, usize::MAX).await == 0 {
            break;
        }
        let started = Instant::now();
        behind = persist(&mut persister, mem::take(&mut lessons)).await;
        is_known = true;
        let pause = (started.elapsed() * PAUSE_FACTOR).max(SHORTEST_PAUSE);
        let gather = async {
            while let Some(lesson) = written.recv().await {
                lessons.push(lesson);
            }
        };
        is_over = timeout(pause, gather).await.is_ok();
    }
    if !is_known || behind.is_some() || !lessons.is_empty() {
        persister.contact_again();
        behind = persist(&mut persister, lessons).await;
    }
    let counts = persister.counts();
    if let Err(error) = persister.disconnect().await {
        info!(code = error.code(), "the database could not be closed: {error}");
    }
    Ok(Kept { counts, behind })
}

/// Persists the folder and what lessons cost.
async fn persist(persister: &mut CoursePersister, lessons: Vec<MeasuredLesson>) -> Option<Behind> {
    let synced = persister.persist_folder().await;
    match persister.persist_measures(synced, lessons).await {
        Persisted::Failed { code, message } => Some(Behind { code: code.to_owned(), message }),
        Persisted::Done(Some(report)) => {
            let run = report.run.filter(|run| run.status != RunStatus::Complete)?;
            let code = run.reason_code.unwrap_or_else(|| run.status.as_str().to_owned());
            Some(Behind { code, message: format!("run {} is {}", run.run_id, run.status) })
        }
        Persisted::Off | Persisted::Done(None) => None,
    }
}
