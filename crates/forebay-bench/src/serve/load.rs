//! Readers that ask at a fixed rate, whether the server is slow or not, and a writer.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::{StatusCode, header};
use tokio::task::JoinSet;

use super::{
    LIVE,
    http::{self, Connection},
};
use crate::{failure::Failure, records::write_record};

/// What is read, each as often as the others.
const PATHS: [&str; 10] = [
    "/v1/runs?limit=50",
    "/v1/runs?source=live&limit=20",
    "/v1/references?source=command0&limit=50",
    "/v1/references/live%2F1",
    "/v1/references/live%2F1/versions",
    "/v1/references?source=live&limit=20",
    "/v1/freshness",
    "/v1/workers",
    "/v1/changes?source=live&limit=20",
    "/",
];
/// Connections of readers.
const NUM_READERS: u32 = 20;
/// The records that change, and how often.
const NUM_RECORDS: u64 = 20;
const CHANGE_EVERY: Duration = Duration::from_millis(500);
/// After an outage, requests may fail for so long.
const RECOVERY: Duration = Duration::from_secs(5);

/// When Postgres was away.
#[derive(Debug, Default)]
pub(super) struct Outage {
    begun: Option<Instant>,
    ended: Option<Instant>,
}

impl Outage {
    /// Whether a request of this time may find no database.
    fn covers(&self, from: Instant, to: Instant) -> bool {
        let has_begun = self.begun.is_some_and(|begun| begun <= to);
        has_begun && self.ended.is_none_or(|ended| from <= ended + RECOVERY)
    }
}

pub(super) fn begin(outage: &Mutex<Outage>) {
    outage.lock().unwrap_or_else(PoisonError::into_inner).begun = Some(Instant::now());
}

pub(super) fn end(outage: &Mutex<Outage>) {
    outage.lock().unwrap_or_else(PoisonError::into_inner).ended = Some(Instant::now());
}

/// What readers were told.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Times of the requests outside of the outage, from when they were due.
    times: Vec<Duration>,
    pub(super) num_good: u64,
    /// 503 with `Retry-After` during the outage.
    pub(super) num_unavailable: u64,
    /// Everything else.
    pub(super) num_wrong: u64,
    /// What that was, each once.
    pub(super) wrong: BTreeSet<String>,
}

impl Reads {
    /// The time that this share of the requests took at most.
    pub(super) fn share(&self, share: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a length is an index"
        )]
        let index = (self.times.len() as f64 * share) as usize;
        self.times.get(index.min(self.times.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.num_good += other.num_good;
        self.num_unavailable += other.num_unavailable;
        self.num_wrong += other.num_wrong;
        self.wrong.extend(other.wrong);
    }
}

/// Running readers.
pub(super) struct Load(JoinSet<Result<Reads, Failure>>);

impl Load {
    /// Starts readers that together send `rate` requests a second.
    pub(super) async fn start(
        address: SocketAddr,
        rate: u32,
        duration: Duration,
        outage: &Arc<Mutex<Outage>>,
    ) -> Result<Self, Failure> {
        let mut readers = JoinSet::new();
        let every = Duration::from_secs(1) / rate;
        let started = Instant::now();
        for number in 0..NUM_READERS {
            let connection = Connection::open(address).await?;
            let reader = Reader { address, connection, outage: Arc::clone(outage) };
            readers.spawn(reader.read(
                number,
                started + every * number,
                every * NUM_READERS,
                started + duration,
            ));
        }
        Ok(Self(readers))
    }

    /// Waits for their end.
    pub(super) async fn reads(mut self) -> Result<Reads, Failure> {
        let mut all = Reads::default();
        while let Some(reads) = self.0.join_next().await {
            all.add(reads.map_err(|error| Failure::from_error("bench_failed", &error))??);
        }
        all.times.sort_unstable();
        Ok(all)
    }
}

struct Reader {
    address: SocketAddr,
    connection: Connection,
    outage: Arc<Mutex<Outage>>,
}

impl Reader {
    async fn read(
        mut self,
        number: u32,
        first: Instant,
        every: Duration,
        end: Instant,
    ) -> Result<Reads, Failure> {
        let (mut due, mut reads, mut next) = (first, Reads::default(), number as usize);
        while due < end {
            tokio::time::sleep_until(due.into()).await;
            let answer = self.ask(PATHS[next % PATHS.len()]).await;
            let now = Instant::now();
            let in_outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner).covers(due, now);
            match answer {
                Ok((StatusCode::OK, _)) => {
                    reads.num_good += 1;
                    if !in_outage {
                        reads.times.push(now - due);
                    }
                }
                Ok((StatusCode::SERVICE_UNAVAILABLE, true)) if in_outage => reads.num_unavailable += 1,
                Ok((status, _)) => {
                    let path = PATHS[next % PATHS.len()];
                    reads.wrong.insert(format!("{path}: {status}, in the outage: {in_outage}"));
                    reads.num_wrong += 1;
                }
                Err(failure) => {
                    reads.wrong.insert(failure.message);
                    reads.num_wrong += 1;
                    self.connection = Connection::open(self.address).await?;
                }
            }
            (due, next) = (due + every, next + 1);
        }
        Ok(reads)
    }

    /// The status of the response, and whether it says when to try again.
    async fn ask(&mut self, path: &str) -> Result<(StatusCode, bool), Failure> {
        let response = self.connection.get(path, &[("accept-encoding", "gzip")]).await?;
        let (status, says_when) = (response.status(), response.headers().contains_key(header::RETRY_AFTER));
        http::body(response).await?;
        Ok((status, says_when))
    }
}

/// The records that change.
pub(super) fn changed_records(generation: u64) -> Result<Bytes, Failure> {
    let mut records = Vec::new();
    for number in 0..NUM_RECORDS {
        write_record(&mut records, number, generation)?;
    }
    Ok(records.into())
}

/// Posts other versions of the same records again and again.
pub(super) async fn write_until(
    address: SocketAddr,
    end: Instant,
    outage: Arc<Mutex<Outage>>,
) -> Result<(), Failure> {
    let mut generation = 1;
    while Instant::now() < end {
        let started = Instant::now();
        let written = http::persist(address, LIVE, changed_records(generation)?).await;
        if !outage.lock().unwrap_or_else(PoisonError::into_inner).covers(started, Instant::now()) {
            written?;
        }
        generation += 1;
        tokio::time::sleep(CHANGE_EVERY).await;
    }
    Ok(())
}
