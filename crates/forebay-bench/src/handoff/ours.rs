//! Forebay's side of the hand-off benchmark.
//!
//! Workers are plain loops over the store's functions without a handler between taking and completing, so only the
//! hand-off is measured. References are stored beforehand, because a claim reads their payloads.

use std::{
    collections::HashMap,
    time::{Duration, Instant, SystemTime},
};

use forebay_domain::identity::ReferenceId;
use forebay_engine::clock;
use forebay_store::{
    connect::{Client, Database, Dedicated},
    handoffs::{self, Queueing, Subscriber},
    jobs::{self, Ack, Queue, Receipt},
    migrations,
    pipelines::{self, Effect, PipelineSpec},
    projects::OnConflict,
    references::{self, Lineage, Origin, Record},
    sources::{self, SourceSpec},
};
use serde_json::json;
use tokio::{task::JoinSet, time::timeout};

use super::{
    database::{analyze, claim, hold_snapshot, listen, release_snapshot},
    latency::{Latencies, NUM_MEASURED, NUM_WARMING, Pace},
    subject::{Handoff, Mode, NAME, Sample, TAKEN_AT_ONCE, count, handoff},
};
use crate::{
    failure::Failure,
    records::write_record,
    scratch::{expect, settle},
};

/// Longer than any sample takes.
const LEASE: Duration = Duration::from_hours(1);
/// How often a worker looks for work without a notification.
const POLL: Duration = Duration::from_secs(1);
/// How long to wait before reporting again what another worker has locked.
const BUSY_PAUSE: Duration = Duration::from_millis(1);

/// A database with a source and a pipeline that subscribes to it.
struct Prepared {
    source_id: i32,
    pipeline_id: i32,
    subscribers: Vec<Subscriber>,
}

/// Enqueues everything, then drains it.
pub(super) async fn sample(
    database: &Database,
    batches: &[Vec<Handoff>],
    mode: Mode,
    workers: u16,
    is_held_open: bool,
) -> Result<Sample, Failure> {
    let prepared = Prepared::new(database, batches).await?;
    let mut client = database.client().await?;
    let started = Instant::now();
    for batch in batches {
        prepared.enqueue(&mut client, batch).await?;
    }
    let enqueue = started.elapsed();
    analyze(&**client).await?;

    let reader = database.dedicated().await?;
    if is_held_open {
        hold_snapshot(&reader.client).await?;
    }
    let mut working = JoinSet::new();
    let mut connections = Vec::new();
    for _ in 0..workers {
        connections.push(database.dedicated().await?);
    }
    let started = Instant::now();
    for connection in connections {
        let pipeline_id = prepared.pipeline_id;
        working.spawn(async move {
            match mode {
                Mode::Transactional => work_transactional(connection, pipeline_id).await,
                Mode::Leased => work_leased(connection).await,
            }
        });
    }
    let mut num_done = 0;
    for result in working.join_all().await {
        num_done += result?;
    }
    let drain = started.elapsed();
    if is_held_open {
        release_snapshot(&reader.client).await?;
    }

    expect("the number of hand-offs that workers ended", num_done, count(batches))?;
    let counts = handoffs::counts(&**client, Some(NAME)).await?;
    let succeeded = counts.iter().filter(|of| of.state == "succeeded").map(|of| of.num_handoffs);
    expect("the number of hand-offs that succeeded", succeeded.sum(), count(batches))?;
    Ok(Sample { enqueue, drain })
}

impl Prepared {
    async fn new(database: &Database, batches: &[Vec<Handoff>]) -> Result<Self, Failure> {
        let mut client = database.client().await?;
        migrations::ensure(&mut client, true).await?;
        let source = sources::declare(
            &**client,
            &SourceSpec {
                name: NAME.to_owned(),
                entity_type: "record".to_owned(),
                key_fields: vec!["id".to_owned()],
                policy: json!({}),
                is_published: None,
                project: None,
            },
        )
        .await?;
        let spec = PipelineSpec::new(NAME, "external", json!({})).of_source(NAME);
        pipelines::declare(&**client, &spec, &Effect::default(), OnConflict::Keep).await?;
        let Some(pipeline) = pipelines::find(&**client, NAME).await? else {
            return Err(Failure::bench("the pipeline was not stored"));
        };
        let pipeline_id = pipeline.pipeline_id;
        let subscriber = Subscriber { pipeline_id, changed_fields: Vec::new(), has_key_limits: false };
        let prepared = Self { source_id: source.source_id, pipeline_id, subscribers: vec![subscriber] };
        for batch in batches {
            prepared.store_references(&mut client, batch).await?;
        }
        settle(&**client).await?;
        Ok(prepared)
    }

    /// Stores the references of the hand-offs.
    async fn store_references(&self, client: &mut Client, batch: &[Handoff]) -> Result<(), Failure> {
        let origin = Origin {
            run_id: 1,
            source_id: self.source_id,
            entity_type: "record".to_owned(),
            scope: String::new(),
            observed_at: clock::now(),
        };
        let keys: Vec<String> = batch.iter().map(|(id, _)| id.to_string()).collect();
        let mut payload = Vec::new();
        write_record(&mut payload, 1, 0)?;
        let record = |(&(reference_id, version_hash), record_key)| Record {
            reference_id,
            version_hash,
            record_key,
            payload: &payload,
            lineage: Lineage::default(),
            removes: false,
            base_version: None,
        };
        let records: Vec<Record<'_>> =
            batch.iter().zip(keys.iter().map(String::as_str)).map(record).collect();
        let transaction = client.transaction().await?;
        references::add(&transaction, &origin, &records).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Enqueues in a transaction of its own.
    async fn enqueue(&self, client: &mut Client, batch: &[Handoff]) -> Result<(), Failure> {
        let queueing =
            Queueing { subscribers: &self.subscribers, run_id: Some(1), source_id: self.source_id };
        let transaction = client.transaction().await?;
        handoffs::enqueue_added(&transaction, &queueing, batch.iter().copied()).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Drains by row locks. Returns the number of completed hand-offs.
async fn work_transactional(mut connection: Dedicated, pipeline_id: i32) -> Result<u64, Failure> {
    let mut queue = Queue::new(pipeline_id);
    let mut num_done = 0;
    loop {
        let transaction = connection.client.transaction().await?;
        jobs::hold_plans(&transaction).await?;
        let taken = queue.take(&transaction, TAKEN_AT_ONCE).await?;
        if taken.is_empty() {
            return Ok(num_done);
        }
        num_done += jobs::complete_taken(&transaction, pipeline_id, &taken, clock::now()).await?;
        transaction.commit().await?;
    }
}

/// Drains by leases. Returns the number of completed hand-offs.
async fn work_leased(connection: Dedicated) -> Result<u64, Failure> {
    let mut num_done = 0;
    loop {
        let claimed = claim(&connection.client, TAKEN_AT_ONCE, LEASE).await?;
        if claimed.is_empty() {
            return Ok(num_done);
        }
        num_done += complete(&connection, &claimed).await?;
    }
}

/// Reports until every report was accepted: a worker that claims briefly locks what another one has just claimed.
async fn complete(connection: &Dedicated, claimed: &[(ReferenceId, Receipt)]) -> Result<u64, Failure> {
    let mut num_done = 0;
    let mut open = claimed.to_vec();
    loop {
        let verdicts = jobs::complete(&connection.client, NAME, &open, None).await?;
        num_done += verdicts.iter().filter(|verdict| **verdict == Ack::Done).count() as u64;
        let mut verdicts = verdicts.into_iter();
        open.retain(|_| verdicts.next() == Some(Ack::Busy));
        if open.is_empty() {
            return Ok(num_done);
        }
        tokio::time::sleep(BUSY_PAUSE).await;
    }
}

/// Enqueues one by one at a low rate, while a worker listens and claims.
pub(super) async fn latencies(database: &Database) -> Result<Latencies, Failure> {
    let handoffs: Vec<Handoff> = (0..u64::from(NUM_WARMING + NUM_MEASURED)).map(handoff).collect();
    let prepared = Prepared::new(database, std::slice::from_ref(&handoffs)).await?;
    let connection = database.dedicated().await?;
    listen(&connection.client).await?;
    let listening = tokio::spawn(follow(connection, handoffs.len()));

    let mut client = database.client().await?;
    let mut pace = Pace::new();
    let mut commits = Vec::new();
    for handoff in &handoffs {
        pace.wait().await;
        prepared.enqueue(&mut client, std::slice::from_ref(handoff)).await?;
        commits.push(SystemTime::from(clock::now()));
    }
    let started = listening.await.map_err(|error| Failure::from_error("bench_failed", &error))??;
    let starts: Vec<SystemTime> =
        handoffs.iter().filter_map(|handoff| started.get(&handoff.0).copied()).collect();
    expect("the number of hand-offs that were begun", starts.len() as u64, handoffs.len() as u64)?;
    Ok(Latencies::between(&commits, &starts))
}

/// Claims when notified, until so many hand-offs have started. Returns when each one started.
async fn follow(
    mut connection: Dedicated,
    num_expected: usize,
) -> Result<HashMap<ReferenceId, SystemTime>, Failure> {
    let mut starts = HashMap::new();
    loop {
        let claimed = claim(&connection.client, TAKEN_AT_ONCE, LEASE).await?;
        let now = SystemTime::from(clock::now());
        starts.extend(claimed.iter().map(|job| (job.0, now)));
        if !claimed.is_empty() {
            complete(&connection, &claimed).await?;
        }
        if starts.len() >= num_expected {
            return Ok(starts);
        }
        // A full batch means that there may be more.
        if claimed.len() < TAKEN_AT_ONCE as usize {
            let _notified = timeout(POLL, connection.notifications.recv()).await;
        }
    }
}
