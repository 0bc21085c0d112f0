//! The signals that stop a command: Ctrl-C (SIGINT), and SIGTERM from service managers.

use std::{future::pending, io, pin::Pin};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use crate::failure::{Exit, Failure};

/// Receives every such signal after its creation.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let failure = |error: io::Error| {
            Failure::new("signals_unavailable", "cannot listen for stop signals").because(&error)
        };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failure)?,
            terminate: signal(SignalKind::terminate()).map_err(failure)?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Runs the work until the first signal and calls `ask`; then waits for the work to end or for a second signal. Error:
/// `interrupted`, on the second signal.
pub(super) async fn stoppable<T>(
    work: impl Future<Output = Result<T, Failure>>,
    ask: impl FnOnce(),
) -> Result<T, Failure> {
    let mut signals = Signals::listen()?;
    let impatient = async {
        signals.next().await;
        ask();
        signals.next().await;
    };
    tokio::select! {
        done = work => done,
        () = impatient => {
            let failure = Failure::new("interrupted", "stopped before the current runs could be closed");
            Err(failure.hint("the next run of the same scope closes them").exit(Exit::Interrupted))
        }
    }
}

/// Runs work until the first signal, and drops it then: what has to be closed belongs outside. Error: `interrupted`.
pub(super) async fn until_signal<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        done = work => done,
        () = signals.next() => Err(Failure::new("interrupted", "stopped").exit(Exit::Interrupted)),
    }
}

/// [`stoppable`] for work that is given a future, and ends when this is ready.
pub(super) async fn stoppable_by<T, W: Future<Output = Result<T, Failure>>>(
    work: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>) -> W,
) -> Result<T, Failure> {
    let (ask, asked) = oneshot::channel();
    let stop = Box::pin(async {
        if asked.await.is_err() {
            // The sender is gone, so no signal can arrive.
            pending::<()>().await;
        }
    });
    let ask = || {
        // The receiver is gone only when the work has ended.
        let _ = ask.send(());
    };
    stoppable(work(stop), ask).await
}
