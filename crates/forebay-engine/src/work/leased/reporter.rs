//! Reports results to the database: delivered, failed and returned hand-offs in one round trip.
//!
//! The database decides by the receipt. A result is accepted even if its lease has expired, unless another worker was
//! given the hand-off.

use std::collections::HashMap;

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    connect::Database,
    jobs::{self, Ack, Failure, FailureAck, FailureAnswer, Receipt},
    pipelines::{Pipeline, PipelineSpec},
};

use super::ledger::InHand;
use crate::{
    error::Error,
    work::{batch::Batch, event::Outcome},
};

/// What became of a report.
pub(super) struct Reported {
    /// The answered results, by claim.
    pub(super) batches: HashMap<Receipt, Answered>,
    /// The results to report again.
    pub(super) left: Vec<InHand>,
    /// Why some are left, unless other transactions had only locked them.
    pub(super) error: Option<Error>,
}

/// The answered results of one claim.
#[derive(Default)]
pub(super) struct Answered {
    pub(super) batch: Batch,
    /// With those that were given back.
    pub(super) num_ended: usize,
}

/// Reports results once.
pub(super) async fn report(database: &Database, pipeline: &Pipeline, results: Vec<InHand>) -> Reported {
    let client = match database.client().await {
        Ok(client) => client,
        Err(error) => {
            return Reported { batches: HashMap::new(), left: results, error: Some(error.into()) };
        }
    };
    let (mut done, mut unmade, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for result in results {
        let key = (result.reference_id, result.receipt);
        match result.outcome {
            Some(Outcome::Done) => done.push(key),
            None => unmade.push(key),
            Some(Outcome::Failed { class, reason_code, message, retry_after }) => {
                let reference_id = result.reference_id;
                failed.push((
                    Failure { reference_id, class, reason_code, message, retry_after },
                    result.receipt,
                ));
            }
        }
    }
    let Pipeline { pipeline_id, spec: PipelineSpec { name, .. }, declared_at, .. } = pipeline;
    let declared_at = Some(*declared_at);
    let (completed, ended, released) = tokio::join!(
        jobs::complete(&**client, name, &done, declared_at),
        jobs::fail(&**client, *pipeline_id, &failed, declared_at),
        jobs::release(&**client, name, &unmade),
    );
    let mut reported = Reported { batches: HashMap::new(), left: Vec::new(), error: None };
    reported.take(done, completed, Some(&Outcome::Done));
    reported.take(unmade, released, None);
    reported.take_failures(failed, ended);
    reported
}

impl Reported {
    /// Takes the answers to results that all have the same outcome.
    fn take(
        &mut self,
        keys: Vec<(ReferenceId, Receipt)>,
        answers: forebay_store::error::Result<Vec<Ack>>,
        outcome: Option<&Outcome>,
    ) {
        let answers = self.or_busy(answers, keys.len(), Ack::Busy);
        for ((reference_id, receipt), answer) in keys.into_iter().zip(answers) {
            if answer == Ack::Busy {
                self.left.push(InHand { reference_id, receipt, outcome: outcome.cloned() });
                continue;
            }
            let of = self.batches.entry(receipt).or_default();
            of.num_ended += 1;
            if outcome.is_some() {
                of.batch.num_claimed += 1;
                of.batch.num_succeeded += u64::from(answer == Ack::Done);
            }
        }
    }

    fn take_failures(
        &mut self,
        failures: Vec<(Failure, Receipt)>,
        answers: forebay_store::error::Result<Vec<FailureAnswer>>,
    ) {
        let busy = FailureAnswer { ack: FailureAck::Busy, retry_at: None };
        let answers = self.or_busy(answers, failures.len(), busy);
        let mut by_claim: HashMap<Receipt, (Vec<Failure>, Vec<FailureAnswer>)> = HashMap::new();
        for ((failure, receipt), answer) in failures.into_iter().zip(answers) {
            if answer.ack == FailureAck::Busy {
                let Failure { reference_id, class, reason_code, message, retry_after } = failure;
                let outcome = Some(Outcome::Failed { class, reason_code, message, retry_after });
                self.left.push(InHand { reference_id, receipt, outcome });
                continue;
            }
            let of = by_claim.entry(receipt).or_default();
            of.0.push(failure);
            of.1.push(answer);
        }
        for (receipt, (failures, answers)) in by_claim {
            let of = self.batches.entry(receipt).or_default();
            of.num_ended += failures.len();
            of.batch.num_claimed += failures.len() as u64;
            of.batch.add_failures(&failures, &answers);
        }
    }

    /// The answers. If there are none, all results are to be reported again.
    fn or_busy<T: Clone>(
        &mut self,
        answers: forebay_store::error::Result<Vec<T>>,
        number: usize,
        busy: T,
    ) -> Vec<T> {
        answers.unwrap_or_else(|error| {
            self.error.get_or_insert(error.into());
            vec![busy; number]
        })
    }
}
