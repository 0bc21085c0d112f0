//! The signals that ask a command to stop: Ctrl-C (SIGINT), and SIGTERM as service managers send it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Exit, Failure};

/// Hears every such signal from when it is made.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, Failure> {
        let failure = |error: io::Error| {
            Failure::new("signals_unavailable", "signals to stop cannot be heard").because(&error)
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

/// Works until the first signal, which is passed on by `ask`, and then until the work has come to its end, or to a second
/// signal. Error: `interrupted`, at the second one.
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
            let failure = Failure::new("interrupted", "stopped before what was under way could be closed");
            Err(failure.hint("the next run of the same scope closes it").exit(Exit::Interrupted))
        }
    }
}
