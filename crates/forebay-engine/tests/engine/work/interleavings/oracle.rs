//! The hand-off as a simple model without a database: the domain's table of transitions, and a job for each reference.
//! Compared with the tables row by row.

use std::collections::BTreeMap;

use forebay_domain::{
    handoff::{Change, Event, FailureClass, ReasonCode, State, end_attempt, failure_event, next},
    identity::{ReferenceId, VersionHash},
};
use forebay_store::jobs::{Ack, Claimed, FailureAck, Receipt};
use tokio_postgres::{Client, Row, types::Type};

use super::{Claim, Wish, World};

#[derive(Clone, Debug, PartialEq)]
struct Handoff {
    state: State,
    reason: ReasonCode,
    generation: i32,
    num_attempts: i32,
}

#[derive(Clone, Debug, PartialEq)]
struct Job {
    hash: [u8; 32],
    generation: i32,
    attempt: i32,
    num_lost: i16,
    receipt: Option<Receipt>,
    /// The follow-up: content and generation.
    next: Option<([u8; 32], i32)>,
}

#[derive(Debug)]
struct Reference {
    hash: [u8; 32],
    is_removed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Oracle {
    references: BTreeMap<ReferenceId, Reference>,
    handoffs: BTreeMap<(ReferenceId, [u8; 32]), Handoff>,
    jobs: BTreeMap<ReferenceId, Job>,
    /// Receipt → unreported attempts, and whether the lease has expired.
    claims: BTreeMap<[u8; 16], (i32, bool)>,
}

impl Oracle {
    pub(super) fn add(&mut self, key: &str) {
        let (id, hash) = (World::id(key), World::content(key, 0).1.0);
        self.references.insert(id, Reference { hash, is_removed: false });
        self.enqueue(id, hash, Change::Added);
    }

    pub(super) fn persist(&mut self, key: &str, wish: Wish) -> Option<Change> {
        let id = World::id(key);
        let reference = self.references.get_mut(&id).unwrap();
        let change = match wish {
            Wish::Gone if reference.is_removed => return None,
            Wish::Gone => Change::Removed,
            Wish::Content(number) => {
                let hash = World::content(key, number).1.0;
                let change = match reference.is_removed {
                    true => Change::Restored,
                    false if hash == reference.hash => return None,
                    false => Change::Updated,
                };
                reference.hash = hash;
                change
            }
        };
        reference.is_removed = change == Change::Removed;
        let hash = reference.hash;
        self.enqueue(id, hash, change);
        Some(change)
    }

    fn enqueue(&mut self, id: ReferenceId, hash: [u8; 32], change: Change) {
        for ((of, other), handoff) in &mut self.handoffs {
            if *of == id && *other != hash {
                handoff.happens(Event::NewerVersion);
            }
        }
        let handoff = self
            .handoffs
            .entry((id, hash))
            .and_modify(|handoff| {
                handoff.happens(Event::EarlierHash);
                // A removal or restoration is a more specific reason than content that was there before.
                if change != Change::Updated {
                    handoff.reason = change.reason();
                }
            })
            .or_insert_with(|| Handoff {
                state: State::Pending,
                reason: change.reason(),
                generation: 1,
                num_attempts: 0,
            });
        let generation = handoff.generation;
        let fresh = Job { hash, generation, attempt: 0, num_lost: 0, receipt: None, next: None };
        self.jobs
            .entry(id)
            .and_modify(|job| match job.receipt {
                Some(_) => job.next = Some((hash, generation)),
                None => *job = Job { num_lost: job.num_lost, ..fresh.clone() },
            })
            .or_insert(fresh);
    }

    /// Records a claim after checking it.
    pub(super) fn claim(&mut self, claimed: &[Claimed], limit: usize) {
        // Jobs that the claim itself frees from dead workers may have to wait for their backoff.
        let free: Vec<Job> = self.jobs.values().filter(|job| job.receipt.is_none()).cloned().collect();
        self.rescue();
        let is_sane = self.jobs.values().filter(|job| job.receipt.is_none()).all(|job| job.num_lost == 0);
        let num_expected = if is_sane { free.len().min(limit) } else { free.len().min(1) };
        assert!(claimed.len() >= num_expected && claimed.len() <= limit, "{} claimed", claimed.len());
        for got in claimed {
            let job = self.jobs.get_mut(&got.reference_id).unwrap();
            assert_eq!(job.receipt, None, "the job was already claimed");
            assert!(job.num_lost == 0 || claimed.len() == 1, "a job with a lost claim is claimed alone");
            assert_eq!((got.payload_hash, got.generation), (VersionHash(job.hash), job.generation));
            job.attempt += 1;
            assert_eq!(got.attempt, job.attempt);
            job.receipt = Some(got.receipt);
            self.handoffs.get_mut(&(got.reference_id, job.hash)).unwrap().happens(Event::Claimed);
            let reference = &self.references[&got.reference_id];
            assert_eq!(got.payload.is_none(), reference.is_removed);
            assert_eq!(reference.hash, job.hash, "a waiting job must have the latest content");
            self.claims.entry(got.receipt.0).or_insert((0, false)).0 += 1;
        }
    }

    pub(super) fn end(&mut self, claims: &[Claim], gives_back: bool) -> Vec<Ack> {
        claims.iter().map(|claim| self.end_one(*claim, gives_back)).collect()
    }

    fn end_one(&mut self, (id, receipt): Claim, gives_back: bool) -> Ack {
        let Some(job) = self.jobs.get_mut(&id) else { return Ack::Lost };
        if job.receipt != Some(receipt) {
            return Ack::Stale;
        }
        let handoff = self.handoffs.get_mut(&(id, job.hash)).unwrap();
        if handoff.generation == job.generation {
            let event = if gives_back { Event::GiveBack } else { Event::Succeeded };
            handoff.apply(*end_attempt(event, job.next.is_some()).unwrap());
        }
        job.receipt = None;
        if !gives_back {
            job.num_lost = 0;
        }
        match job.next.take() {
            Some((hash, generation)) => (job.hash, job.generation, job.attempt) = (hash, generation, 0),
            None if gives_back => job.attempt -= 1,
            None => drop(self.jobs.remove(&id)),
        }
        self.report(receipt);
        Ack::Done
    }

    pub(super) fn fail(&mut self, (id, receipt): Claim, class: FailureClass) -> FailureAck {
        let Some(job) = self.jobs.get_mut(&id) else { return FailureAck::Lost };
        if job.receipt != Some(receipt) {
            return FailureAck::Stale;
        }
        let handoff = self.handoffs.get_mut(&(id, job.hash)).unwrap();
        let is_same_life = handoff.generation == job.generation;
        let num_before = match class {
            _ if !is_same_life => 0,
            FailureClass::Transient => handoff.num_attempts,
            FailureClass::Lost => i32::from(job.num_lost),
            _ => 0,
        };
        let event = failure_event(class, u32::try_from(num_before).unwrap() + 1);
        let ended = end_attempt(event, job.next.is_some()).unwrap();
        if is_same_life {
            handoff.apply(*ended);
            handoff.num_attempts += i32::from(class.policy().uses_attempt);
        }
        job.receipt = None;
        job.num_lost += i16::from(class == FailureClass::Lost);
        match job.next.take() {
            Some((hash, generation)) => (job.hash, job.generation, job.attempt) = (hash, generation, 0),
            None if ended.to == State::Retrying => {}
            None => drop(self.jobs.remove(&id)),
        }
        self.report(receipt);
        match ended.to {
            _ if !is_same_life => FailureAck::Superseded,
            State::Retrying => FailureAck::Retrying,
            State::Failed => FailureAck::Failed,
            State::Superseded => FailureAck::Superseded,
            other => panic!("unexpected state after a failure: {other}"),
        }
    }

    fn report(&mut self, receipt: Receipt) {
        let claim = self.claims.get_mut(&receipt.0).unwrap();
        claim.0 -= 1;
        if claim.0 == 0 {
            self.claims.remove(&receipt.0);
        }
    }

    pub(super) fn expire(&mut self, receipt: Receipt) -> bool {
        self.claims.get_mut(&receipt.0).map(|claim| claim.1 = true).is_some()
    }

    pub(super) fn extend(&mut self, receipt: Receipt) -> bool {
        self.claims.get_mut(&receipt.0).map(|claim| claim.1 = false).is_some()
    }

    pub(super) fn rescue(&mut self) {
        let lost: Vec<Claim> = self
            .jobs
            .iter()
            .filter_map(|(id, job)| Some((*id, job.receipt?)))
            .filter(|(_, receipt)| self.claims[&receipt.0].1)
            .collect();
        for claim in lost {
            self.fail(claim, FailureClass::Lost);
        }
    }

    /// Panics if the tables differ.
    pub(super) async fn compare(&self, client: &Client) {
        let handoffs = "select reference_id::text, payload_hash, state, reason_code, generation, num_attempts \
             from forebay.ingestion_handoffs";
        let stored: BTreeMap<_, _> = client
            .query_typed(handoffs, &[])
            .await
            .unwrap()
            .iter()
            .map(|row| {
                let handoff = Handoff {
                    state: State::parse(row.get(2)).unwrap(),
                    reason: ReasonCode::parse(row.get(3)).unwrap(),
                    generation: row.get(4),
                    num_attempts: row.get(5),
                };
                ((row.get(0), hash(row, 1).unwrap()), handoff)
            })
            .collect();
        let expected: BTreeMap<(String, [u8; 32]), Handoff> = self
            .handoffs
            .iter()
            .map(|((id, hash), handoff)| ((id.to_string(), *hash), handoff.clone()))
            .collect();
        assert_eq!(stored, expected, "hand-offs: stored, expected");

        let jobs = "select reference_id::text, payload_hash, generation, attempt, num_lost, receipt, \
                 next_payload_hash, next_generation from forebay.ingestion_jobs";
        let stored: BTreeMap<String, Job> = client
            .query_typed(jobs, &[])
            .await
            .unwrap()
            .iter()
            .map(|row| {
                let job = Job {
                    hash: hash(row, 1).unwrap(),
                    generation: row.get(2),
                    attempt: row.get(3),
                    num_lost: row.get(4),
                    receipt: row.get(5),
                    next: hash(row, 6).zip(row.get(7)),
                };
                (row.get(0), job)
            })
            .collect();
        let expected: BTreeMap<String, Job> =
            self.jobs.iter().map(|(id, job)| (id.to_string(), job.clone())).collect();
        assert_eq!(stored, expected, "jobs: stored, expected");

        let claims = "select receipt, num_open from forebay.ingestion_claims where $1";
        let stored: BTreeMap<[u8; 16], i32> = client
            .query_typed(claims, &[(&true, Type::BOOL)])
            .await
            .unwrap()
            .iter()
            .map(|row| (row.get::<_, Receipt>(0).0, row.get(1)))
            .collect();
        let expected: BTreeMap<[u8; 16], i32> =
            self.claims.iter().map(|(receipt, claim)| (*receipt, claim.0)).collect();
        assert_eq!(stored, expected, "claims: stored, expected");
    }
}

impl Handoff {
    fn happens(&mut self, event: Event) {
        let transition = next(self.state, event).unwrap();
        self.apply(*transition);
    }

    fn apply(&mut self, transition: forebay_domain::handoff::Transition) {
        self.state = transition.to;
        self.reason = transition.reason.unwrap_or(self.reason);
        if transition.raises_generation {
            self.generation += 1;
            self.num_attempts = 0;
        }
    }
}

fn hash(row: &Row, column: usize) -> Option<[u8; 32]> {
    row.get::<_, Option<Vec<u8>>>(column).map(|bytes| bytes.try_into().unwrap())
}
