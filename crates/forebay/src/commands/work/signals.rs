//! The signals that ask a worker to stop: Ctrl-C (SIGINT), and SIGTERM as service managers send it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

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
