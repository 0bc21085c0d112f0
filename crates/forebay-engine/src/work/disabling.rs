//! Disables endpoints whose deliveries have all failed for long.
//!
//! Workers count what they deliver. From time to time, this file writes whether any delivery of a pipeline has
//! succeeded since the last time. All workers together decide: a success of one ends the series of failures.

use std::{collections::HashMap, sync::PoisonError, time::Duration};

use forebay_store::pipelines;

use super::{handlers::disable_policy, shared::Shared};
use crate::{error::Result, human};

/// How often the counts are written.
const EVERY: Duration = Duration::from_secs(2);

/// Deliveries of a pipeline that have been noted: succeeded and failed.
pub(super) type Noted = HashMap<String, (u64, u64)>;

/// Notes deliveries until it is dropped. An outage of the database is reported by the supervisor.
pub(super) async fn run(shared: &Shared<'_>) {
    let mut noted = Noted::new();
    loop {
        tokio::time::sleep(EVERY).await;
        let _next_time = round(shared, &mut noted).await;
    }
}

/// Notes what was delivered since the last round.
pub(super) async fn round(shared: &Shared<'_>, noted: &mut Noted) -> Result<()> {
    let counted: Vec<(String, (u64, u64))> = {
        let report = shared.report.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = report.pipelines.iter();
        counts
            .map(|one| (one.pipeline.clone(), (one.num_succeeded, one.num_failed + one.num_retried)))
            .collect()
    };
    for (pipeline, now) in counted {
        let before = noted.get(&pipeline).copied().unwrap_or_default();
        let (num_succeeded, num_failed) = (now.0 - before.0, now.1 - before.1);
        let policy = shared.options.declarations.get(&pipeline).and_then(disable_policy);
        let Some(policy) = policy.filter(|_| num_succeeded + num_failed > 0) else { continue };
        let client = shared.database.client().await?;
        let is_disabled = pipelines::note_deliveries(
            &**client,
            &pipeline,
            num_succeeded > 0,
            num_failed,
            policy.after,
            policy.min_failures,
        )
        .await?;
        if is_disabled {
            tracing::error!(
                pipeline,
                code = "endpoint_failing",
                "disabled, because every delivery has failed for {}; its hand-offs wait until `forebay pipelines enable {}`",
                human::duration(policy.after),
                human::shell_word(&pipeline)
            );
        }
        noted.insert(pipeline, now);
    }
    Ok(())
}
