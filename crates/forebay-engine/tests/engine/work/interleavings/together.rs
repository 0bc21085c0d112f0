//! Concurrent workers and a source, each on its own connection. Each action is recorded with its start and end, and
//! checked by invariants that hold in any order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use forebay_domain::{handoff::FailureClass, identity::ReferenceId};
use forebay_store::jobs::{self, Ack, FailureAck, Receipt};
use futures_util::future::join_all;

use super::{Claim, Dice, KEYS, LEASE, NUM_WORKERS, PIPELINE, World, wish};

const NUM_STEPS: u64 = 40;

/// Every content is in one place, everything claimed has a claim, and the current content of a reference is never
/// superseded.
const BROKEN: &str = "\
    select 'in two places' from forebay.handoffs as h \
    group by h.reference_id, h.pipeline_id, h.payload_hash having count(*) > 1 \
    union all \
    select 'open and settled' from forebay.ingestion_handoffs as h \
    join forebay.ingestion_outcomes as o on o.reference_id = h.reference_id and o.pipeline_id = h.pipeline_id \
        and o.payload_hash in (h.payload_hash, h.next_payload_hash) \
    union all \
    select 'held under a missing claim' from forebay.ingestion_handoffs as h \
    where h.receipt is not null and not exists ( \
        select from forebay.ingestion_claims as c \
        where c.receipt = h.receipt and h.reference_id = any (c.reference_ids)) \
    union all \
    select 'the latest content is ' || h.state from forebay.\"references\" as r \
    left join forebay.handoffs as h \
        on h.reference_id = r.reference_id and h.payload_hash = r.version_hash \
    where h.state is null or h.state = 'superseded'";

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Claimed,
    /// A report was accepted.
    Ended,
    /// The lease expired.
    Expired,
}

#[derive(Debug)]
struct Happening {
    what: What,
    /// None: all references of the receipt.
    reference: Option<ReferenceId>,
    receipt: Receipt,
    began: u64,
    ended: u64,
}

/// The actions of all tasks. The clock only counts.
#[derive(Default)]
struct Diary {
    clock: AtomicU64,
    past: Mutex<Vec<Claim>>,
    happenings: Mutex<Vec<Happening>>,
}

impl Diary {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn write(&self, what: What, reference: Option<ReferenceId>, receipt: Receipt, began: u64) {
        let ended = self.now();
        self.happenings.lock().unwrap().push(Happening { what, reference, receipt, began, ended });
    }

    fn some_past(&self, dice: &mut Dice) -> Option<Claim> {
        dice.one_of(&self.past.lock().unwrap())
    }
}

pub(super) async fn run(world: &World, dice: &mut Dice) {
    let diary = Diary::default();
    let workers = (0..NUM_WORKERS).map(|_| work(world, &diary, Dice(dice.below(u64::MAX))));
    join_all(workers).await;
    let broken: Vec<String> =
        world.client.query_typed(BROKEN, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(broken.is_empty(), "{broken:?}");
    judge(&diary.happenings.lock().unwrap());
}

async fn work(world: &World, diary: &Diary, mut dice: Dice) {
    let mut client = world.test.client().await;
    let mut held: Vec<Claim> = Vec::new();
    for step in 0..NUM_STEPS {
        match dice.below(100) {
            0..32 => {
                let key = dice.one_of(&KEYS).unwrap();
                world.persist(&mut client, key, wish(&mut dice, step)).await;
            }
            32..58 => {
                let limit = 1 + u32::try_from(dice.below(4)).unwrap();
                let began = diary.now();
                for job in World::claim(&client, limit).await {
                    diary.write(What::Claimed, Some(job.reference_id), job.receipt, began);
                    diary.past.lock().unwrap().push((job.reference_id, job.receipt));
                    held.push((job.reference_id, job.receipt));
                }
            }
            58..74 => {
                let claims = dice.some_of(&mut held, 4);
                held.extend(end(diary, &client, &claims, false).await);
            }
            74..82 => {
                let claims = dice.some_of(&mut held, 3);
                held.extend(fail(world, diary, &mut dice, &client, &claims).await);
            }
            82..84 => {
                World::cancel_running(&mut client, dice.one_of(&KEYS).unwrap()).await;
            }
            84..86 => {
                let claims = dice.some_of(&mut held, 3);
                held.extend(end(diary, &client, &claims, true).await);
            }
            86..89 => held.clear(),
            89..94 => {
                let Some((_, receipt)) = diary.some_past(&mut dice) else { continue };
                let began = diary.now();
                World::expire(&client, receipt).await;
                diary.write(What::Expired, None, receipt, began);
            }
            94 => {
                let Some((_, receipt)) = diary.some_past(&mut dice) else { continue };
                jobs::heartbeat(&client, PIPELINE, &[receipt], LEASE).await.unwrap();
            }
            95..99 => {
                let Some(claim) = diary.some_past(&mut dice) else { continue };
                match dice.below(3) {
                    0 => drop(fail(world, diary, &mut dice, &client, &[claim]).await),
                    late => drop(end(diary, &client, &[claim], late == 1).await),
                }
            }
            _ => {
                jobs::rescue(&client, world.pipeline.pipeline_id, 100).await.unwrap();
            }
        }
    }
}

/// Returns the reports to repeat.
async fn end(
    diary: &Diary,
    client: &tokio_postgres::Client,
    claims: &[Claim],
    gives_back: bool,
) -> Vec<Claim> {
    let began = diary.now();
    let verdicts = if gives_back {
        jobs::release(client, PIPELINE, claims).await.unwrap()
    } else {
        jobs::complete(client, PIPELINE, claims, None).await.unwrap()
    };
    let mut again = Vec::new();
    for (claim, verdict) in claims.iter().zip(verdicts) {
        match verdict {
            Ack::Done => diary.write(What::Ended, Some(claim.0), claim.1, began),
            Ack::Busy => again.push(*claim),
            Ack::Stale | Ack::Lost => {}
        }
    }
    again
}

async fn fail(
    world: &World,
    diary: &Diary,
    dice: &mut Dice,
    client: &tokio_postgres::Client,
    claims: &[Claim],
) -> Vec<Claim> {
    let failed: Vec<_> =
        claims.iter().map(|claim| (*claim, dice.one_of(&FailureClass::ALL).unwrap())).collect();
    let began = diary.now();
    let mut again = Vec::new();
    for ((claim, _), verdict) in failed.iter().zip(world.fail(client, &failed).await) {
        match verdict {
            FailureAck::Busy => again.push(*claim),
            FailureAck::Stale | FailureAck::Lost => {}
            _ => diary.write(What::Ended, Some(claim.0), claim.1, began),
        }
    }
    again
}

/// No attempt ends twice, none ends after its reference was claimed again, and none is claimed while another is active.
fn judge(happenings: &[Happening]) {
    let expired: BTreeMap<[u8; 16], u64> = happenings
        .iter()
        .filter(|happening| happening.what == What::Expired)
        .rev()
        .map(|happening| (happening.receipt.0, happening.began))
        .collect();
    let mut seen = BTreeSet::new();
    for ended in happenings.iter().filter(|happening| happening.what == What::Ended) {
        assert!(seen.insert((ended.reference, ended.receipt.0)), "accepted twice: {ended:?}");
    }
    for first in happenings.iter().filter(|happening| happening.what == What::Claimed) {
        let end = happenings.iter().find(|other| {
            other.what == What::Ended && other.reference == first.reference && other.receipt == first.receipt
        });
        let later = happenings.iter().filter(|other| {
            other.what == What::Claimed && other.reference == first.reference && other.began > first.ended
        });
        for second in later {
            let was_over = end.is_some_and(|end| end.began < second.ended)
                || expired.get(&first.receipt.0).is_some_and(|began| *began < second.ended);
            assert!(was_over, "two live receipts: {first:?} and {second:?}");
            assert!(
                end.is_none_or(|end| end.began < second.ended),
                "accepted although claimed again: {end:?} after {second:?}"
            );
        }
    }
}
