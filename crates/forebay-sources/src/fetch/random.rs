//! The random numbers of a process: jitter of retries and breakers, and random ids.
//!
//! The program passes in the seed, so a test with a fixed seed always waits the same times.

use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;
use uuid::{Builder, Uuid};

/// A shared random number generator. Cheap to clone. Not for secrets.
#[derive(Clone, Debug)]
pub struct Random {
    rng: Arc<Mutex<Rng>>,
}

impl Random {
    /// The numbers of a seed.
    pub fn seeded(seed: u64) -> Self {
        Self { rng: Arc::new(Mutex::new(Rng::with_seed(seed))) }
    }

    /// A number in [0, 1).
    pub fn fraction(&self) -> f64 {
        self.with(Rng::f64)
    }

    /// A random UUID (RFC 9562, version 4).
    pub fn uuid(&self) -> Uuid {
        Builder::from_u128(self.with(|rng| rng.u128(..))).with_version(uuid::Version::Random).into_uuid()
    }

    fn with<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
