//! The randomness of a process: jitter of retries and the ids of archive records.
//!
//! It comes from a seed that the program passes in, so a test with the same seed waits the same times.

use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;
use uuid::{Builder, Uuid};

/// A shared source of random numbers. Cheap to clone. Not for secrets.
#[derive(Clone, Debug)]
pub(super) struct Random {
    rng: Arc<Mutex<Rng>>,
}

impl Random {
    pub(super) fn seeded(seed: u64) -> Self {
        Self { rng: Arc::new(Mutex::new(Rng::with_seed(seed))) }
    }

    /// A number from 0 to 1 (excluded).
    pub(super) fn fraction(&self) -> f64 {
        self.with(Rng::f64)
    }

    /// A random UUID (RFC 9562, version 4).
    pub(super) fn uuid(&self) -> Uuid {
        Builder::from_u128(self.with(|rng| rng.u128(..))).with_version(uuid::Version::Random).into_uuid()
    }

    fn with<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
