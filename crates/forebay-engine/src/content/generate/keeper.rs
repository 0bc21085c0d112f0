//! Persists lessons in the background, while others are generated.
//!
//! A sync compares the whole course, so it takes what has come since the last one, and it never runs more than a part
//! of the time. The generator never waits for it.

use std::{
    mem,
    time::{Duration, Instant},
};

use forebay_domain::content::PersistMode;
use forebay_store::content::MeasuredLesson;
use tokio::{sync::mpsc::UnboundedReceiver, time::timeout};
use tracing::info;

use super::super::persister::{Closed, CoursePersister, Persisted};
use crate::error::Result;

/// The shortest pause between two syncs.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
/// A pause is at least so many times as long as the sync before it.
const PAUSE_FACTOR: u32 = 4;

/// What happened in the database.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) closed: Closed,
    /// The result of the last write, which compared the whole folder.
    pub(super) persisted: Persisted,
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
        persister.disconnect().await?;
        return Ok(Kept { closed: Closed::default(), persisted: Persisted::Off });
    }
    let (mut lessons, mut is_over) = (Vec::new(), false);
    // Nothing was persisted yet, so nothing is known about the database.
    let mut last = None;
    while !is_over {
        if lessons.is_empty() && written.recv_many(&mut lessons, usize::MAX).await == 0 {
            break;
        }
        let started = Instant::now();
        last = Some(persister.update_lesson_validations(mem::take(&mut lessons)).await);
        let pause = (started.elapsed() * PAUSE_FACTOR).max(SHORTEST_PAUSE);
        let gather = async {
            while let Some(lesson) = written.recv().await {
                lessons.push(lesson);
            }
        };
        is_over = timeout(pause, gather).await.is_ok();
    }
    let end = match last {
        Some(done @ Persisted::Done(_)) if lessons.is_empty() => done,
        _ => {
            persister.contact_again();
            persister.update_lesson_validations(lessons).await
        }
    };
    let closed = persister.status();
    if let Err(error) = persister.disconnect().await {
        info!(code = error.code(), "the database could not be closed: {error}");
    }
    Ok(Kept { closed, persisted: end })
}
