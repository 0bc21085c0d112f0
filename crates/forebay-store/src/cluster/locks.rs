//! The three file locks that let many processes share one server.
//!
//! | file | held by | meaning |
//! |---|---|---|
//! | `start.lock` | the process that starts or stops the server, exclusively, briefly | one at a time |
//! | `lease.lock` | every process that uses the server, shared | the server is in use |
//! | `server.lock` | the server and all its backends, exclusively | the server is running |
//!
//! They are `flock` locks, so the kernel releases them when their holders die. The third one is passed to the server
//! as its standard input, and every backend inherits it. A process that gets that lock knows that neither a
//! postmaster nor an orphaned backend of the old server is left, without relying on process ids, which may have been
//! reused.

use std::{
    fs::{File, TryLockError},
    io,
    time::{Duration, Instant},
};

/// How often to retry a lock that is taken.
const POLL: Duration = Duration::from_millis(20);

/// Takes the lock exclusively if it is free.
pub(super) fn try_exclusive(file: &File) -> io::Result<bool> {
    taken(file.try_lock())
}

/// Takes the lock exclusively, waiting up to `patience`. `false`: it is still taken.
pub(super) fn wait_exclusive(file: &File, patience: Duration) -> io::Result<bool> {
    wait(patience, || taken(file.try_lock()))
}

/// Takes the lock shared, waiting up to `patience`. `false`: it is still taken.
pub(super) fn wait_shared(file: &File, patience: Duration) -> io::Result<bool> {
    wait(patience, || taken(file.try_lock_shared()))
}

fn wait(patience: Duration, attempt: impl Fn() -> io::Result<bool>) -> io::Result<bool> {
    let deadline = Instant::now() + patience;
    loop {
        if attempt()? {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(POLL);
    }
}

fn taken(outcome: Result<(), TryLockError>) -> io::Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
