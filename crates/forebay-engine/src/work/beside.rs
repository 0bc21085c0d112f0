//! Work with a task beside it that goes on until the work has ended, and then finishes what it has begun.

use std::future::Future;

use tokio::sync::oneshot;

/// Does the work and the task, which is told when the work has ended. Not a race: a statement that is dropped on its
/// way could still be carried out, after what the task does at the end.
pub(super) async fn beside<T, F>(
    work: impl Future<Output = T>,
    task: impl FnOnce(oneshot::Receiver<()>) -> F,
) -> T
where
    F: Future<Output = ()>,
{
    let (working, ended) = oneshot::channel::<()>();
    let work = async {
        let done = work.await;
        drop(working);
        done
    };
    tokio::join!(work, task(ended)).0
}
