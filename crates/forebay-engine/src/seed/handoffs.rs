//! Hand-offs in every state, of a pipeline whose workers are programs of the user.

use std::{collections::BTreeSet, time::Duration};

use forebay_domain::{handoff::FailureClass, identity::ReferenceId};
use forebay_store::{
    handoffs::{Mode, Operation, Selection, operate},
    jobs::{self, Failure},
    pipelines,
};
use serde_json::json;

use super::{
    dataset::{Dataset, EVENTS, operator},
    runs::event,
};
use crate::{
    error::{Error, Result},
    work::{self, PipelineSpec},
};

const PIPELINE: &str = "seed.index";
const WORKER: &str = "seed-worker-1";
/// The longest that the database grants, so that the attempt stays active.
const LEASE: Duration = Duration::from_hours(24);
const NUM_EVENTS: usize = 12;

/// Declares the pipeline, so that the runs hand off to it.
pub(super) async fn declare(dataset: &Dataset<'_>) -> Result<()> {
    let spec = PipelineSpec::new(PIPELINE, "external", json!({})).of_source(EVENTS.name);
    work::declare(dataset.database, &[spec]).await?;
    Ok(())
}

pub(super) async fn make(dataset: &Dataset<'_>) -> Result<()> {
    let database = dataset.database;
    let mut client = database.client().await?;
    let pipeline = pipelines::find(&**client, PIPELINE).await?;
    let pipeline = pipeline.ok_or_else(|| Error::NoSuchPipeline { pipeline: PIPELINE.to_owned() })?;
    let claimed = jobs::claim(&**client, PIPELINE, 6, LEASE, WORKER, None).await?;
    let claims: Vec<_> = claimed.iter().map(|job| (job.reference_id, job.receipt)).collect();
    let (succeeded, rest) = claims.split_at(claims.len().min(3));
    jobs::complete(&**client, PIPELINE, succeeded, None).await?;
    let failed = |class, code: &str, message: &str| {
        let (reason_code, message) = (code.to_owned(), message.to_owned());
        move |(reference_id, receipt): &(ReferenceId, _)| {
            (
                Failure { reference_id: *reference_id, class, reason_code, message, retry_after: None },
                *receipt,
            )
        }
    };
    let retrying = failed(FailureClass::Transient, "index_unreachable", "the index did not answer");
    let refused = failed(FailureClass::Permanent, "document_refused", "the index refused the document");
    let failures: Vec<_> = rest.first().map(retrying).into_iter().chain(rest.get(1).map(refused)).collect();
    jobs::fail(&**client, pipeline.pipeline_id, &failures, None).await?;

    let taken: BTreeSet<ReferenceId> = claims.iter().map(|(id, _)| *id).collect();
    let id_of = |number: usize| ReferenceId::compute(EVENTS.name, &format!("E-{number:02}"));
    let waiting: Vec<usize> = (0..NUM_EVENTS).filter(|number| !taken.contains(&id_of(*number))).collect();
    for (number, operation) in waiting.iter().zip([Operation::Hold, Operation::Cancel { running: false }]) {
        let selection = Selection {
            pipeline: Some(PIPELINE.to_owned()),
            reference_ids: vec![id_of(*number)],
            ..Selection::default()
        };
        operate(&mut client, operation, &selection, Mode::Act, &operator("the index is being moved")).await?;
    }
    drop(client);
    // A newer version supersedes one that waits.
    let moved = waiting.last().copied();
    let place = |number| if Some(number) == moved { "Library" } else { "Main Hall" };
    let events: Vec<_> = (0..NUM_EVENTS).map(|number| event(number, place(number))).collect();
    dataset.persist(EVENTS, 3, &events).await?;
    Ok(())
}
