//! The feed of changes: one reader of the stream, however many follow it.
//!
//! A follower first reads what it missed from the database, a few followers at a time, and then joins the feed. The
//! reader starts with the first follower and ends after the last. Its channel keeps the latest changes; a follower
//! that falls further behind has lost its place in it and must resume from the database.

use std::{sync::Arc, time::Duration};

use forebay_store::{
    connect::Database,
    timeline::{StreamCursor, StreamFilter},
};
use forebay_views::{ChangeEvent, failure::Failure, read::changes};
use tokio::{
    sync::{
        Mutex, Semaphore, SemaphorePermit,
        broadcast::{self, Receiver, Sender},
    },
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// Number of messages that wait for the slowest follower.
const ROOM: usize = 4096;
/// Changes read at a time.
pub(crate) const PORTION: u32 = 500;
/// How often to look for more changes.
const LOOK: Duration = Duration::from_millis(500);
/// How many followers read from the database at the same time.
const READERS: usize = 4;

/// What followers get.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// A change with its position.
    Change(Arc<(StreamCursor, ChangeEvent)>),
    /// There are no further changes up to here.
    Reached(StreamCursor),
}

/// The feed of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Feed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Arc<Database>,
    stopping: CancellationToken,
    /// `None`: there are no followers.
    sender: Mutex<Option<Sender<Message>>>,
    readers: Semaphore,
}

impl Feed {
    pub(crate) fn new(database: Arc<Database>, stopping: CancellationToken) -> Self {
        let (sender, readers) = (Mutex::new(None), Semaphore::new(READERS));
        Self(Arc::new(Shared { database, stopping, sender, readers }))
    }

    /// Joins the feed: everything comes that is not in the stream yet.
    pub(crate) async fn join(&self) -> Result<Receiver<Message>, Failure> {
        let mut current = self.0.sender.lock().await;
        if let Some(sender) = &*current {
            return Ok(sender.subscribe());
        }
        let from = StreamCursor::now(&**self.0.database.client().await?).await?;
        let (sender, receiver) = broadcast::channel(ROOM);
        *current = Some(sender.clone());
        tokio::spawn(self.clone().read(sender, from));
        Ok(receiver)
    }

    /// Waits until the follower may read from the database.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.0.readers.acquire().await.ok()
    }

    /// Sends what is added to the stream, as long as someone follows.
    async fn read(self, sender: Sender<Message>, mut from: StreamCursor) {
        while !self.0.stopping.is_cancelled() && !self.is_over(&sender).await {
            let is_last = match self.portion(&sender, from).await {
                Ok((next, is_last)) => {
                    from = next;
                    is_last
                }
                Err(failure) => {
                    tracing::warn!(
                        code = failure.code(),
                        "changes can't be read: {}",
                        failure.full_message()
                    );
                    true
                }
            };
            if is_last {
                tokio::select! {
                    () = sleep(LOOK) => {}
                    () = self.0.stopping.cancelled() => {}
                }
            }
        }
    }

    /// Whether the reader ends, because there are no followers any more.
    async fn is_over(&self, sender: &Sender<Message>) -> bool {
        // Under the lock, so no follower joins in between.
        let mut current = self.0.sender.lock().await;
        let is_over = sender.receiver_count() == 0;
        if is_over {
            *current = None;
        }
        is_over
    }

    async fn portion(
        &self,
        sender: &Sender<Message>,
        from: StreamCursor,
    ) -> Result<(StreamCursor, bool), Failure> {
        let page = changes::part(&self.0.database, &StreamFilter::default(), from, PORTION).await?;
        let (next, is_last) = (page.next, page.is_last);
        let positions: Vec<StreamCursor> = page.items.iter().map(|(at, _)| *at).collect();
        for (at, event) in positions.into_iter().zip(changes::view(page)?.items) {
            // There may be no followers at the moment.
            let _number = sender.send(Message::Change(Arc::new((at, event))));
        }
        if next != from {
            let _number = sender.send(Message::Reached(next));
        }
        Ok((next, is_last))
    }
}
