//! The leases of a worker's claims, all extended in one statement.
//!
//! Only the database decides that a lease is lost. While it cannot be reached, an expired lease means no more than that
//! nothing new begins under it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use forebay_domain::{backoff, identity::ReferenceId};
use forebay_store::{
    connect::Database,
    jobs::{self, Extended, Receipt},
};
use tracing::Span;

use crate::error::Result;

/// The wait after the first heartbeat that failed; it doubles with each further one, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The claims of a worker that are not fully reported.
pub(super) struct Leases {
    lease: Duration,
    /// The time between two heartbeats.
    interval: Duration,
    claims: HashMap<Receipt, Lease>,
    /// When the next heartbeat is due.
    beat_at: Instant,
    num_failures: u32,
}

struct Lease {
    until: Instant,
    num_open: usize,
    /// The span of the claim.
    span: Span,
}

/// Why work under a claim must stop.
pub(super) enum Stop {
    /// Other workers may claim its hand-offs now.
    Lost,
    /// An operator has cancelled these references.
    Cancelled(Vec<ReferenceId>),
}

/// What became of a heartbeat.
pub(super) struct Beat {
    receipts: Vec<Receipt>,
    began_at: Instant,
    /// What each is still worth; `None`: it is lost.
    result: Result<Vec<Option<Extended>>>,
}

/// Extends leases.
pub(super) async fn beat(
    database: &Database,
    pipeline: &str,
    receipts: Vec<Receipt>,
    lease: Duration,
) -> Beat {
    let began_at = Instant::now();
    let extended = async {
        let client = database.client().await?;
        let answers = jobs::heartbeat(&**client, pipeline, &receipts, lease).await?;
        Ok(answers)
    };
    let result = extended.await;
    Beat { receipts, began_at, result }
}

impl Leases {
    /// `interval`: the longest time between two heartbeats.
    pub(super) fn new(lease: Duration, interval: Duration) -> Self {
        let interval = interval.min(lease / 3);
        Self { lease, interval, claims: HashMap::new(), beat_at: Instant::now() + interval, num_failures: 0 }
    }

    /// Adds a claim that began at this time, in the current span.
    pub(super) fn add(&mut self, receipt: Receipt, began_at: Instant, num_open: usize, span: Span) {
        if self.claims.is_empty() {
            self.num_failures = 0;
            self.beat_at = began_at + self.interval;
        }
        self.claims.insert(receipt, Lease { until: began_at + self.lease, num_open, span });
    }

    /// Whether new work may begin under a claim.
    pub(super) fn is_held(&self, receipt: Receipt, now: Instant) -> bool {
        self.claims.get(&receipt).is_some_and(|claim| claim.until > now)
    }

    /// The span of a claim.
    pub(super) fn span(&self, receipt: Receipt) -> Span {
        self.claims.get(&receipt).map_or_else(Span::none, |claim| claim.span.clone())
    }

    /// Notes that hand-offs of a claim were reported.
    pub(super) fn ended(&mut self, receipt: Receipt, number: usize) {
        if let Some(claim) = self.claims.get_mut(&receipt) {
            claim.num_open = claim.num_open.saturating_sub(number);
            if claim.num_open == 0 {
                self.claims.remove(&receipt);
            }
        }
    }

    /// The claims to extend now.
    pub(super) fn due(&self, now: Instant) -> Option<Vec<Receipt>> {
        (self.beat_at().is_some_and(|at| at <= now)).then(|| self.claims.keys().copied().collect())
    }

    /// When the next heartbeat is due.
    pub(super) fn beat_at(&self) -> Option<Instant> {
        (!self.claims.is_empty()).then_some(self.beat_at)
    }

    /// The next heartbeat is due now.
    pub(super) fn hurry(&mut self) {
        self.beat_at = Instant::now();
    }

    /// Takes the answer to a heartbeat. Returns the claims of which something must not be worked on any more.
    pub(super) fn answered(&mut self, beat: Beat) -> Vec<(Receipt, Stop)> {
        let Ok(answers) = beat.result else {
            self.num_failures += 1;
            self.beat_at = Instant::now() + backoff::ceiling(PAUSE, LONGEST_PAUSE, self.num_failures);
            return Vec::new();
        };
        self.num_failures = 0;
        self.beat_at = beat.began_at + self.interval;
        let mut stops = Vec::new();
        for (receipt, extended) in beat.receipts.into_iter().zip(answers) {
            if let Some(Extended { cancelled, .. }) = extended {
                if let Some(claim) = self.claims.get_mut(&receipt) {
                    claim.until = beat.began_at + self.lease;
                }
                if !cancelled.is_empty() {
                    stops.push((receipt, Stop::Cancelled(cancelled)));
                }
            } else if self.claims.remove(&receipt).is_some() {
                stops.push((receipt, Stop::Lost));
            }
        }
        stops
    }

    /// Whether claims are held that the last heartbeat could not extend.
    pub(super) fn is_failing(&self) -> bool {
        self.num_failures > 0 && !self.claims.is_empty()
    }
}
