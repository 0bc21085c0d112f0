//! Disabling pipelines while they are declared: by an operator, or because all deliveries to an endpoint fail.
//!
//! A pipeline that is disabled like this still gets hand-offs, which wait for it.

use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::{GenericClient, Row, types::Type};

use crate::{error::Result, handoffs::notify, row::ReadRow};

forebay_domain::words! {
    /// Why a declared pipeline is disabled.
    pub enum DisabledReason {
        /// All deliveries to its endpoint failed for longer than its policy allows.
        EndpointFailing = "endpoint_failing",
        /// An operator disabled it.
        Operator = "operator",
    }
}

/// A disabled pipeline, and how its endpoint fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Since when it is disabled, and why; `None`: it is not.
    pub disabled: Option<(Timestamp, DisabledReason)>,
    /// Since when all deliveries have failed; `None`: the last ones have not.
    pub failing_since: Option<Timestamp>,
    /// How many have failed since then.
    pub num_failures: u64,
}

/// Notes how deliveries to an endpoint ended. Any success ends a series of failures. Returns whether that disabled the
/// pipeline: no delivery has succeeded for `after`, and at least `min_failures` have failed.
pub async fn note_deliveries(
    client: &impl GenericClient,
    pipeline: &str,
    has_succeeded: bool,
    num_failed: u64,
    after: Duration,
    min_failures: u32,
) -> Result<bool> {
    let statement = "with before as ( \
             select pipeline_id, failing_since, num_failures, disabled_at from forebay.pipelines \
             where name = $1 and (failing_since is not null or not $2 and $3 > 0) for update), \
         judged as ( \
             select b.*, not $2 and b.disabled_at is null and b.failing_since <= now() - make_interval(secs => $4) \
                 and b.num_failures + $3 >= $5 as is_disabled from before as b) \
         update forebay.pipelines as p \
         set failing_since = case when not $2 then coalesce(j.failing_since, now()) end, \
             num_failures = case when $2 then 0 else least(j.num_failures::bigint + $3, 2147483647) end, \
             disabled_at = case when j.is_disabled then now() else j.disabled_at end, \
             disabled_reason = case when j.is_disabled then 'endpoint_failing' else p.disabled_reason end \
         from judged as j where p.pipeline_id = j.pipeline_id \
         returning coalesce(j.is_disabled, false) as is_disabled";
    let num_failed = i64::try_from(num_failed).unwrap_or(i64::MAX / 2);
    let row = client
        .query_typed_opt(
            statement,
            &[
                (&pipeline, Type::TEXT),
                (&has_succeeded, Type::BOOL),
                (&num_failed, Type::INT8),
                (&after.as_secs_f64(), Type::FLOAT8),
                (&i64::from(min_failures), Type::INT8),
            ],
        )
        .await?;
    Ok(row.map(|row| row.read("is_disabled")).transpose()?.unwrap_or(false))
}

/// Disables a pipeline for an operator, unless it is disabled. Returns its health before.
pub async fn disable(client: &impl GenericClient, pipeline_id: i32) -> Result<Health> {
    let values = "disabled_at = coalesce(b.disabled_at, now()), \
         disabled_reason = coalesce(b.disabled_reason, 'operator')";
    set(client, pipeline_id, values).await
}

/// Enables a pipeline again, and forgets the failures of its endpoint. Returns its health before.
pub async fn enable(client: &impl GenericClient, pipeline_id: i32) -> Result<Health> {
    let values = "disabled_at = null, disabled_reason = null, failing_since = null, num_failures = 0";
    let before = set(client, pipeline_id, values).await?;
    notify(client, [pipeline_id]).await?;
    Ok(before)
}

/// Sets columns of a pipeline; `b` is its row before. Returns its health before.
async fn set(client: &impl GenericClient, pipeline_id: i32, values: &str) -> Result<Health> {
    let statement = format!(
        "update forebay.pipelines as p set {values} \
         from (select * from forebay.pipelines where pipeline_id = $1 for update) as b \
         where p.pipeline_id = b.pipeline_id \
         returning b.disabled_at, b.disabled_reason, b.failing_since, b.num_failures"
    );
    health(&client.query_typed_one(&statement, &[(&pipeline_id, Type::INT4)]).await?)
}

pub(super) fn health(row: &Row) -> Result<Health> {
    let disabled_at: Option<Timestamp> = row.read("disabled_at")?;
    let disabled = match disabled_at {
        Some(at) => Some((at, row.word("disabled_reason")?)),
        None => None,
    };
    Ok(Health {
        disabled,
        failing_since: row.read("failing_since")?,
        num_failures: row.read::<i32>("num_failures")?.unsigned_abs().into(),
    })
}
