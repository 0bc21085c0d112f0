//! The hand-off as a simple model without a database: the domain's table of transitions, what is open of each
//! reference, and what is settled. Compared with the tables row by row.

use std::collections::BTreeMap;

use forebay_domain::{
    handoff::{Change, Event, FailureClass, ReasonCode, State, Transition, end_attempt, failure_event, next},
    identity::{ReferenceId, VersionHash},
};
use forebay_store::jobs::{Ack, Claimed, FailureAck, Receipt};
use tokio_postgres::{Client, Row, types::Type};

use super::{Claim, Wish, World};

/// How the hand-off of one content ended.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    state: State,
    reason: ReasonCode,
    generation: i32,
    num_attempts: i32,
}

/// What is open of a reference.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    hash: [u8; 32],
    state: State,
    reason: ReasonCode,
    generation: i32,
    num_attempts: i32,
    attempt: i32,
    num_lost: i16,
    receipt: Option<Receipt>,
    is_cancelled: bool,
    next: Option<FollowUp>,
}

#[derive(Clone, Debug, PartialEq)]
struct FollowUp {
    hash: [u8; 32],
    generation: i32,
    reason: ReasonCode,
}

#[derive(Debug)]
struct Reference {
    hash: [u8; 32],
    is_removed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Oracle {
    references: BTreeMap<ReferenceId, Reference>,
    open: BTreeMap<ReferenceId, Open>,
    outcomes: BTreeMap<(ReferenceId, [u8; 32]), Outcome>,
    /// How often each content was lost since it was handed off: by reference, content and generation.
    losses: BTreeMap<(ReferenceId, [u8; 32], i32), i32>,
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
        let open = self.open.get(&id).cloned();
        let settled = self.outcomes.remove(&(id, hash)).map(|outcome| outcome.generation);
        let follow_up = open.as_ref().and_then(|open| open.next.clone());
        let generation = settled
            .or(follow_up.as_ref().filter(|next| next.hash == hash).map(|next| next.generation))
            .or(open.as_ref().filter(|open| open.hash == hash).map(|open| open.generation));
        // A removal or restoration is a more specific reason than content that was there before.
        let reason = match change {
            Change::Updated if generation.is_some() => ReasonCode::Reopened,
            change => change.reason(),
        };
        let generation = generation.unwrap_or(0) + 1;
        let Some(open) = open else {
            self.open.insert(id, Open::new(hash, generation, reason));
            return;
        };
        if open.receipt.is_some() {
            if let Some(old) = follow_up.filter(|old| old.hash != hash && old.hash != open.hash) {
                let waiting = Open::new(old.hash, old.generation, old.reason);
                self.settle(id, &waiting, *next(State::Pending, Event::NewerVersion).unwrap());
            }
            self.open.insert(id, Open { next: Some(FollowUp { hash, generation, reason }), ..open });
        } else {
            if open.hash != hash {
                self.settle(id, &open, *next(open.state, Event::NewerVersion).unwrap());
            }
            self.open.insert(id, Open { num_lost: open.num_lost, ..Open::new(hash, generation, reason) });
        }
    }

    fn settle(&mut self, id: ReferenceId, open: &Open, transition: Transition) {
        let outcome = Outcome {
            state: transition.to,
            reason: transition.reason.unwrap_or(open.reason),
            generation: open.generation,
            num_attempts: open.num_attempts,
        };
        assert_eq!(self.outcomes.insert((id, open.hash), outcome), None, "settled twice");
    }

    /// Records a claim after checking it.
    pub(super) fn claim(&mut self, claimed: &[Claimed], limit: usize) {
        // What the claim itself frees from dead workers may have to wait for its backoff.
        let free: Vec<Open> = self.open.values().filter(|open| open.receipt.is_none()).cloned().collect();
        self.rescue();
        let is_sane = self.open.values().filter(|open| open.receipt.is_none()).all(|open| open.num_lost == 0);
        let num_expected = if is_sane { free.len().min(limit) } else { free.len().min(1) };
        assert!(claimed.len() >= num_expected && claimed.len() <= limit, "{} claimed", claimed.len());
        for got in claimed {
            let open = self.open.get_mut(&got.reference_id).unwrap();
            assert_eq!(open.receipt, None, "it was already claimed");
            assert!(open.num_lost == 0 || claimed.len() == 1, "what was lost once is claimed alone");
            assert_eq!(got.was_lost, open.num_lost > 0);
            assert_eq!((got.payload_hash, got.generation), (VersionHash(open.hash), open.generation));
            open.attempt += 1;
            assert_eq!(got.attempt, open.attempt);
            open.receipt = Some(got.receipt);
            assert_eq!(next(open.state, Event::Claimed).unwrap().to, State::Active);
            let reference = &self.references[&got.reference_id];
            assert_eq!(got.payload.is_none(), reference.is_removed);
            assert_eq!(reference.hash, open.hash, "what waits must have the latest content");
            self.claims.entry(got.receipt.0).or_insert((0, false)).0 += 1;
        }
    }

    pub(super) fn end(&mut self, claims: &[Claim], gives_back: bool) -> Vec<Ack> {
        claims.iter().map(|claim| self.end_one(*claim, gives_back)).collect()
    }

    fn end_one(&mut self, (id, receipt): Claim, gives_back: bool) -> Ack {
        let Some(open) = self.open.get(&id).cloned() else { return Ack::Lost };
        if open.receipt != Some(receipt) {
            return Ack::Stale;
        }
        let event = if gives_back { Event::GiveBack } else { Event::Succeeded };
        let num_lost = if gives_back { open.num_lost } else { 0 };
        let waiting = Open { attempt: open.attempt - 1, num_lost, receipt: None, ..open };
        self.end_attempt(id, waiting, event);
        self.report(receipt);
        Ack::Done
    }

    /// Ends the attempt of what is open. `open` is how it would wait again. Returns its transition.
    fn end_attempt(&mut self, id: ReferenceId, open: Open, event: Event) -> Transition {
        let ended = *end_attempt(event, open.next.is_some(), open.is_cancelled).unwrap();
        let open = Open { is_cancelled: false, ..open };
        let follow_up = open.next.clone();
        if follow_up.is_none() && ended.to.is_waiting() {
            let reason = ended.reason.unwrap_or(open.reason);
            self.open.insert(id, Open { state: ended.to, reason, ..open });
            return ended;
        }
        // The same content was handed off again, and its follow-up handles that.
        if follow_up.as_ref().is_none_or(|next| next.hash != open.hash) {
            self.settle(id, &open, ended);
        }
        match follow_up {
            Some(FollowUp { hash, generation, reason }) => {
                let waiting = Open { num_lost: open.num_lost, ..Open::new(hash, generation, reason) };
                self.open.insert(id, waiting);
            }
            None => drop(self.open.remove(&id)),
        }
        ended
    }

    pub(super) fn fail(&mut self, (id, receipt): Claim, class: FailureClass) -> FailureAck {
        let Some(open) = self.open.get(&id).cloned() else { return FailureAck::Lost };
        if open.receipt != Some(receipt) {
            return FailureAck::Stale;
        }
        let num_before = match class {
            FailureClass::Transient => open.num_attempts,
            FailureClass::Lost => {
                let losses = self.losses.entry((id, open.hash, open.generation)).or_default();
                *losses += 1;
                *losses - 1
            }
            _ => 0,
        };
        let is_own_follow_up = open.next.as_ref().is_some_and(|next| next.hash == open.hash);
        let waiting = Open {
            num_attempts: open.num_attempts + i32::from(class.policy().uses_attempt),
            num_lost: open.num_lost + i16::from(class == FailureClass::Lost),
            receipt: None,
            ..open
        };
        let event = failure_event(class, u32::try_from(num_before).unwrap() + 1);
        let ended = self.end_attempt(id, waiting, event);
        self.report(receipt);
        match ended.to {
            _ if is_own_follow_up => FailureAck::Superseded,
            State::Retrying => FailureAck::Retrying,
            State::Failed => FailureAck::Failed,
            State::Superseded => FailureAck::Superseded,
            State::Cancelled => FailureAck::Cancelled,
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
            .open
            .iter()
            .filter_map(|(id, open)| Some((*id, open.receipt?)))
            .filter(|(_, receipt)| self.claims[&receipt.0].1)
            .collect();
        for claim in lost {
            self.fail(claim, FailureClass::Lost);
        }
    }

    /// An operator cancels the attempt at a reference. Returns whether there is one that can be seen.
    pub(super) fn cancel_running(&mut self, id: ReferenceId) -> bool {
        let Some(open) = self.open.get_mut(&id).filter(|open| open.receipt.is_some()) else { return false };
        // Its own follow-up hides the attempt.
        let is_seen = open.next.as_ref().is_none_or(|next| next.hash != open.hash);
        open.is_cancelled |= is_seen;
        is_seen
    }

    /// Panics if the tables differ.
    pub(super) async fn compare(&self, client: &Client) {
        let outcomes = "select reference_id::text, payload_hash, state, reason_code, generation, num_attempts \
             from forebay.ingestion_outcomes";
        let rows = client.query_typed(outcomes, &[]).await.unwrap();
        let stored: BTreeMap<_, _> = rows
            .iter()
            .map(|row| {
                let outcome = Outcome {
                    state: State::parse(row.get(2)).unwrap(),
                    reason: ReasonCode::parse(row.get(3)).unwrap(),
                    generation: row.get(4),
                    num_attempts: row.get(5),
                };
                ((row.get(0), hash(row, 1).unwrap()), outcome)
            })
            .collect();
        let expected =
            self.outcomes.iter().map(|((id, hash), outcome)| ((id.to_string(), *hash), outcome.clone()));
        let expected: BTreeMap<(String, [u8; 32]), Outcome> = expected.collect();
        assert_eq!(stored, expected, "outcomes: stored, expected");

        let open = "select reference_id::text, payload_hash, state, reason_code, generation, num_attempts, attempt, \
                 num_lost, receipt, next_payload_hash, next_generation, next_reason_code, next_state, is_cancelled \
             from forebay.ingestion_handoffs";
        let rows = client.query_typed(open, &[]).await.unwrap();
        let stored: BTreeMap<String, Open> = rows.iter().map(|row| (row.get(0), Open::read(row))).collect();
        let expected: BTreeMap<String, Open> =
            self.open.iter().map(|(id, open)| (id.to_string(), open.clone())).collect();
        assert_eq!(stored, expected, "open: stored, expected");

        // Both as one life: each content once.
        let twice = "select count(*) - count(distinct (reference_id, payload_hash)) from forebay.handoffs";
        assert_eq!(client.query_typed_one(twice, &[]).await.unwrap().get::<_, i64>(0), 0);

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

impl Open {
    fn new(hash: [u8; 32], generation: i32, reason: ReasonCode) -> Self {
        Self {
            hash,
            state: State::Pending,
            reason,
            generation,
            num_attempts: 0,
            attempt: 0,
            num_lost: 0,
            receipt: None,
            is_cancelled: false,
            next: None,
        }
    }

    fn read(row: &Row) -> Self {
        let next = hash(row, 9).map(|hash| {
            assert_eq!(row.get::<_, &str>(12), "pending");
            let reason = ReasonCode::parse(row.get(11)).unwrap();
            FollowUp { hash, generation: row.get(10), reason }
        });
        Self {
            hash: hash(row, 1).unwrap(),
            state: State::parse(row.get(2)).unwrap(),
            reason: ReasonCode::parse(row.get(3)).unwrap(),
            generation: row.get(4),
            num_attempts: row.get(5),
            attempt: row.get(6),
            num_lost: row.get(7),
            receipt: row.get(8),
            is_cancelled: row.get(13),
            next,
        }
    }
}

fn hash(row: &Row, column: usize) -> Option<[u8; 32]> {
    row.get::<_, Option<Vec<u8>>>(column).map(|bytes| bytes.try_into().unwrap())
}
