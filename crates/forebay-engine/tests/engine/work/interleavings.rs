//! Random histories of hand-offs: changes arrive, and workers claim, finish, fail, release, die and report late, in any
//! order. In the sequential part, the tables must equal a simple model in memory (`oracle`) after every step. The
//! concurrent part is checked by invariants that hold in any order (`together`).
//!
//! `FOREBAY_INTERLEAVINGS` sets the number of histories (default 12), `FOREBAY_INTERLEAVINGS_SEED` the first seed.
//! Every run prints its seed, so that a failure can be repeated. The concurrent part may still run in a different
//! order.

mod failures;
mod oracle;
mod races;
mod together;

use std::time::Duration;

use forebay_domain::{
    handoff::{Change, FailureClass, State},
    identity::{ReferenceId, VersionHash},
};
use forebay_engine::{clock, work::reconciliation};
use forebay_store::{
    handoffs::{self, Enqueue, Mode, Operation, Queueing, Selection, Subscriber},
    jobs::{self, Ack, Failure, FailureAck, Receipt},
    pipelines::{self, Effect, Pipeline, PipelineSpec, Stored},
    projects::OnConflict,
    testing::{self, TestDatabase},
};
use serde_json::json;
use tokio_postgres::{Client, types::Type};

use super::subscriber;
use oracle::Oracle;

const PIPELINE: &str = "outside";
const KEYS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const NUM_WORKERS: usize = 8;
const NUM_STEPS: u64 = 120;
const LEASE: Duration = Duration::from_mins(10);

/// A random number generator with a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn one_of<T: Copy>(&mut self, things: &[T]) -> Option<T> {
        let place = self.below((things.len() as u64).max(1));
        things.get(usize::try_from(place).unwrap()).copied()
    }

    /// Takes up to `most` claims from `held`, at most one per reference.
    fn some_of(&mut self, held: &mut Vec<Claim>, most: u64) -> Vec<Claim> {
        let mut taken: Vec<Claim> = Vec::new();
        for _ in 0..=self.below(most) {
            if held.is_empty() {
                break;
            }
            let place = usize::try_from(self.below(held.len() as u64)).unwrap();
            if taken.iter().all(|claim| claim.0 != held[place].0) {
                taken.push(held.swap_remove(place));
            }
        }
        taken
    }
}

/// One attempt.
type Claim = (ReferenceId, Receipt);

/// What the source contains for a key.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Content(u64),
    Gone,
}

/// A database with a source, and a pipeline with external workers.
struct World {
    test: TestDatabase,
    client: Client,
    pipeline: Pipeline,
    subscribers: Vec<Subscriber>,
}

impl World {
    async fn open() -> Self {
        let test = testing::database().await;
        let client = test.client().await;
        let source =
            "insert into forebay.sources (name, entity_type, key_fields) values ('shop', 'item', '{id}')";
        client.batch_execute(source).await.unwrap();
        let spec = PipelineSpec::new(PIPELINE, "external", json!({})).of_source(super::SOURCE);
        let declared =
            pipelines::declare(&client, &spec, &Effect::default(), OnConflict::Keep).await.unwrap();
        assert_eq!(declared, Stored::Written);
        let pipeline = pipelines::find(&client, PIPELINE).await.unwrap().unwrap();
        let subscribers = vec![subscriber(pipeline.pipeline_id)];
        Self { test, client, pipeline, subscribers }
    }

    fn id(key: &str) -> ReferenceId {
        ReferenceId::compute(super::SOURCE, key)
    }

    fn content(key: &str, number: u64) -> (String, VersionHash) {
        let text = json!({"key": key, "n": number}).to_string();
        let hash = VersionHash::of(text.as_bytes());
        (text, hash)
    }

    /// Adds a reference and hands it off.
    async fn add(&self, key: &str, number: u64) {
        let (text, hash) = Self::content(key, number);
        let insert = "insert into forebay.\"references\" (reference_id, first_seen_at, changed_at, observed_at, \
                 first_seen_run_id, scrape_run_id, source_id, version, version_hash, entity_type, scope, record_key, \
                 payload) \
             select forebay.reference_id('shop', $1), now(), now(), now(), 1, 1, source_id, 1, $2, 'item', '', $1, \
                 $3::text::jsonb from forebay.sources";
        let bytes = hash.0.to_vec();
        self.client
            .execute_typed(insert, &[(&key, Type::TEXT), (&bytes, Type::BYTEA), (&text, Type::TEXT)])
            .await
            .unwrap();
        self.enqueue(&self.client, key, hash, 1, Change::Added).await;
    }

    async fn enqueue(
        &self,
        client: &impl tokio_postgres::GenericClient,
        key: &str,
        payload_hash: VersionHash,
        version: i32,
        change: Change,
    ) {
        let queueing = Queueing { subscribers: &self.subscribers, run_id: Some(1), source_id: 1 };
        let reference_id = Self::id(key);
        let change = Enqueue { reference_id, payload_hash, version, change, changed_fields: Vec::new() };
        assert_eq!(handoffs::enqueue_changed(client, &queueing, &[change]).await.unwrap(), 1);
    }

    /// Updates a reference to the source's content and hands off the change, like a run: the reference is locked first,
    /// with the lock of an update that keeps the key.
    async fn persist(&self, client: &mut Client, key: &str, wish: Wish) -> Option<Change> {
        let transaction = client.transaction().await.unwrap();
        let lock = "select version, version_hash, removed_at is not null from forebay.\"references\" \
             where reference_id = forebay.reference_id('shop', $1) for no key update";
        let row = transaction.query_typed_one(lock, &[(&key, Type::TEXT)]).await.unwrap();
        let old_hash: Vec<u8> = row.get(1);
        let (version, was_removed) = (row.get::<_, i32>(0) + 1, row.get::<_, bool>(2));
        let (text, hash, change) = match wish {
            Wish::Gone if was_removed => return None,
            Wish::Gone => (None, VersionHash(old_hash.try_into().unwrap()), Change::Removed),
            Wish::Content(number) => {
                let (text, hash) = Self::content(key, number);
                if !was_removed && hash.0.as_slice() == old_hash.as_slice() {
                    return None;
                }
                (Some(text), hash, if was_removed { Change::Restored } else { Change::Updated })
            }
        };
        let update = "update forebay.\"references\" set version = $2, version_hash = $3, \
                 payload = coalesce($4::text::jsonb, payload), \
                 removed_at = case when $4 is null then now() end, changed_at = now() \
             where reference_id = forebay.reference_id('shop', $1)";
        let bytes = hash.0.to_vec();
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 4] =
            [(&key, Type::TEXT), (&version, Type::INT4), (&bytes, Type::BYTEA), (&text, Type::TEXT)];
        assert_eq!(transaction.execute_typed(update, &parameters).await.unwrap(), 1);
        self.enqueue(&transaction, key, hash, version, change).await;
        transaction.commit().await.unwrap();
        Some(change)
    }

    /// Skips backoffs. Skips locked jobs, because two calls that lock all jobs could deadlock.
    async fn make_due(client: &Client) {
        let statement = "update forebay.ingestion_handoffs as j set not_before = now() from ( \
                 select reference_id from forebay.ingestion_handoffs where not_before > now() for update skip locked \
             ) as d where j.reference_id = d.reference_id";
        client.execute_typed(statement, &[]).await.unwrap();
    }

    async fn claim(client: &Client, limit: u32) -> Vec<jobs::Claimed> {
        Self::make_due(client).await;
        jobs::claim(client, PIPELINE, limit, LEASE, "worker", None).await.unwrap()
    }

    async fn expire(client: &Client, receipt: Receipt) -> bool {
        let statement = "update forebay.ingestion_claims set lease_until = now() - interval '1 second' where receipt = $1";
        client.execute_typed(statement, &[(&receipt, Type::UUID)]).await.unwrap() == 1
    }

    /// An operator cancels the attempt at a reference.
    async fn cancel_running(client: &mut Client, key: &str) -> u64 {
        let selection = Selection {
            state: Some(State::Active),
            reference_ids: vec![Self::id(key)],
            ..Selection::default()
        };
        let operation = Operation::Cancel { running: true };
        handoffs::operate(client, operation, &selection, Mode::Act, &crate::operator())
            .await
            .unwrap()
            .num_done
    }

    async fn fail(&self, client: &Client, failed: &[(Claim, FailureClass)]) -> Vec<FailureAck> {
        let failures: Vec<_> =
            failed.iter().map(|(claim, class)| (failure(claim.0, *class), claim.1)).collect();
        let answers = jobs::fail(client, self.pipeline.pipeline_id, &failures, None).await.unwrap();
        answers.into_iter().map(|answer| answer.ack).collect()
    }

    /// All workers die, the jobs are worked off, and the final invariants are checked.
    async fn drain_and_check(&self) {
        let lapse = "update forebay.ingestion_claims set lease_until = now() - interval '1 second'";
        self.client.execute_typed(lapse, &[]).await.unwrap();
        jobs::rescue(&self.client, self.pipeline.pipeline_id, 1000).await.unwrap();
        assert_eq!(self.count("select count(*) from forebay.ingestion_claims").await, 0);
        let mut num_rounds = 0;
        while self.count("select count(*) from forebay.ingestion_handoffs").await > 0 {
            let claimed = Self::claim(&self.client, 100).await;
            assert!(!claimed.is_empty(), "no worker can claim a remaining job");
            let claims: Vec<Claim> = claimed.iter().map(|job| (job.reference_id, job.receipt)).collect();
            let verdicts = jobs::complete(&self.client, PIPELINE, &claims, None).await.unwrap();
            assert!(verdicts.iter().all(|verdict| *verdict == Ack::Done));
            num_rounds += 1;
            assert!(num_rounds < 100, "jobs remain after 100 rounds");
        }
        assert_eq!(self.count("select count(*) from forebay.ingestion_claims").await, 0);
        let open = "select count(*) from forebay.handoffs where state in ('pending', 'retrying', 'active')";
        assert_eq!(self.count(open).await, 0);
        let ended = "select count(*) from forebay.\"references\" as r join forebay.handoffs as h \
             on h.reference_id = r.reference_id and h.payload_hash = r.version_hash \
             where h.state in ('succeeded', 'cancelled') \
                 or h.state = 'failed' and h.reason_code in ('permanent', 'poison', 'attempts_exhausted') \
                     and h.failure_code is not null";
        assert_eq!(self.count(ended).await, i64::try_from(KEYS.len()).unwrap());
        let database = self.test.open().await;
        let proof = reconciliation::verify(&database, &self.pipeline).await.unwrap();
        assert_eq!(proof.num_missing(), 0, "{proof:?}");
    }

    /// Claims and completes all jobs once.
    async fn complete_all(&self) {
        let claimed = Self::claim(&self.client, 100).await;
        let claims: Vec<Claim> = claimed.iter().map(|job| (job.reference_id, job.receipt)).collect();
        let verdicts = jobs::complete(&self.client, PIPELINE, &claims, None).await.unwrap();
        assert!(verdicts.iter().all(|verdict| *verdict == Ack::Done));
        assert_eq!(self.count("select count(*) from forebay.ingestion_handoffs").await, 0);
    }

    async fn count(&self, query: &str) -> i64 {
        self.client.query_typed_one(query, &[]).await.unwrap().get(0)
    }
}

fn failure(reference_id: ReferenceId, class: FailureClass) -> Failure {
    let (reason_code, message) = ("refused".into(), "the other side said no".into());
    Failure { reference_id, class, reason_code, message, retry_after: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn random_histories_match_the_model() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let num_cases = number("FOREBAY_INTERLEAVINGS").unwrap_or(12);
    let seed = number("FOREBAY_INTERLEAVINGS_SEED").unwrap_or_else(|| clock::random_seed() >> 1);
    for case in 0..num_cases {
        // Printed first, so that it is visible after a failure.
        println!("FOREBAY_INTERLEAVINGS_SEED={} FOREBAY_INTERLEAVINGS=1", seed.wrapping_add(case));
        let mut dice = Dice(seed.wrapping_add(case));
        let world = World::open().await;
        let mut oracle = Oracle::default();
        for key in KEYS {
            world.add(key, 0).await;
            oracle.add(key);
        }
        in_turn(&world, &mut oracle, &mut dice).await;
        together::run(&world, &mut dice).await;
        world.drain_and_check().await;
    }
}

/// One step after the other, each followed by a full comparison.
#[expect(clippy::print_stdout, reason = "a failure report needs the steps that led to it")]
async fn in_turn(world: &World, oracle: &mut Oracle, dice: &mut Dice) {
    let mut client = world.test.client().await;
    let mut workers: Vec<Vec<Claim>> = vec![Vec::new(); NUM_WORKERS];
    // All earlier attempts: late reports of lost or ended attempts are taken from here.
    let mut past: Vec<Claim> = Vec::new();
    for step in 0..NUM_STEPS {
        let worker = usize::try_from(dice.below(NUM_WORKERS as u64)).unwrap();
        let held = &mut workers[worker];
        let said = match dice.below(100) {
            0..30 => {
                let key = dice.one_of(&KEYS).unwrap();
                let wish = wish(dice, step);
                let change = world.persist(&mut client, key, wish).await;
                assert_eq!(change, oracle.persist(key, wish));
                format!("{key} is {wish:?}")
            }
            30..52 => {
                let limit = 1 + dice.below(4);
                let claimed = World::claim(&client, u32::try_from(limit).unwrap()).await;
                oracle.claim(&claimed, usize::try_from(limit).unwrap());
                held.extend(claimed.iter().map(|job| (job.reference_id, job.receipt)));
                past.extend(claimed.iter().map(|job| (job.reference_id, job.receipt)));
                format!("{worker} claims {}", claimed.len())
            }
            52..65 => {
                let claims = dice.some_of(held, 3);
                let verdicts = jobs::complete(&client, PIPELINE, &claims, None).await.unwrap();
                assert_eq!(verdicts, oracle.end(&claims, false));
                format!("{worker} completes {claims:?}: {verdicts:?}")
            }
            65..76 => {
                let claims = dice.some_of(held, 3);
                fail(world, oracle, dice, &client, &claims).await
            }
            76..80 => {
                let claims = dice.some_of(held, 2);
                let verdicts = jobs::release(&client, PIPELINE, &claims).await.unwrap();
                assert_eq!(verdicts, oracle.end(&claims, true));
                format!("{worker} releases {claims:?}: {verdicts:?}")
            }
            80..82 => {
                held.clear();
                format!("{worker} dies")
            }
            82..84 => {
                let key = dice.one_of(&KEYS).unwrap();
                let num_done = World::cancel_running(&mut client, key).await;
                assert_eq!(num_done, u64::from(oracle.cancel_running(World::id(key))));
                format!("the attempt at {key} is cancelled")
            }
            84..91 => {
                let Some((_, receipt)) = dice.one_of(&past) else { continue };
                assert_eq!(World::expire(&client, receipt).await, oracle.expire(receipt));
                format!("{receipt} expires")
            }
            91..93 => {
                let Some((_, receipt)) = dice.one_of(&past) else { continue };
                let answers = jobs::heartbeat(&client, PIPELINE, &[receipt], LEASE).await.unwrap();
                assert_eq!(answers[0].is_some(), oracle.extend(receipt));
                format!("{receipt} is extended")
            }
            93..98 => {
                let Some(claim) = dice.one_of(&past) else { continue };
                match dice.below(3) {
                    0 => fail(world, oracle, dice, &client, &[claim]).await,
                    late => {
                        let gives_back = late == 1;
                        let verdicts = if gives_back {
                            jobs::release(&client, PIPELINE, &[claim]).await.unwrap()
                        } else {
                            jobs::complete(&client, PIPELINE, &[claim], None).await.unwrap()
                        };
                        assert_eq!(verdicts, oracle.end(&[claim], gives_back));
                        format!("late report for {claim:?}: {verdicts:?}")
                    }
                }
            }
            _ => {
                jobs::rescue(&client, world.pipeline.pipeline_id, 1000).await.unwrap();
                oracle.rescue();
                "rescue".to_owned()
            }
        };
        println!("{step}: {said}");
        oracle.compare(&client).await;
    }
}

/// Mostly one of a few contents, so that contents recur.
fn wish(dice: &mut Dice, fresh: u64) -> Wish {
    match dice.below(10) {
        0..2 => Wish::Gone,
        2 => Wish::Content(1000 + fresh),
        _ => Wish::Content(dice.below(4)),
    }
}

async fn fail(
    world: &World,
    oracle: &mut Oracle,
    dice: &mut Dice,
    client: &Client,
    claims: &[Claim],
) -> String {
    let failed: Vec<_> =
        claims.iter().map(|claim| (*claim, dice.one_of(&FailureClass::ALL).unwrap())).collect();
    let verdicts = world.fail(client, &failed).await;
    let expected: Vec<_> = failed.iter().map(|(claim, class)| oracle.fail(*claim, *class)).collect();
    assert_eq!(verdicts, expected);
    format!("{failed:?} fail: {verdicts:?}")
}
