//! A future that may be under way, and is awaited beside others without being lost.

use std::future::Future;

use futures_util::future::BoxFuture;

/// At most one future.
pub(super) struct Task<'a, T>(Option<BoxFuture<'a, T>>);

impl<'a, T> Task<'a, T> {
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn begin(&mut self, work: impl Future<Output = T> + Send + 'a) {
        self.0 = Some(Box::pin(work));
    }

    /// Waits for its result, forever if there is none. The next wait continues one that was dropped.
    pub(super) async fn done(&mut self) -> T {
        let Some(work) = &mut self.0 else { return std::future::pending().await };
        let result = work.await;
        self.0 = None;
        result
    }
}
