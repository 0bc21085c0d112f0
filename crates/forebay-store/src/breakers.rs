//! The breakers of sources, shared by all workers.
//!
//! [`forebay_domain::breaker`] contains the rules. This module locks a breaker's row, applies the rules, and writes the
//! changes and their trail. So if two workers ask at the same moment, only one gets a probe. The caller's transaction
//! holds the lock: keep it short, and never call a source inside it.

use std::time::Duration;

use forebay_domain::breaker::{
    Answer, Breaker, BreakerCommand, BreakerPolicy, BreakerTransition, Call, CallOutcome, Permit, Probe,
    ProbeId,
};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::{GenericClient, Row, Transaction, types::Type};

use crate::{
    error::Result,
    jobs::Receipt,
    maintenance::{Expiring, Mode},
    row::{ReadRow, word},
};

const COLUMNS: &str = "b.source_id, b.state, b.reason_code, b.changed_at, b.opened_at, b.retry_at, b.num_opened, \
     b.failure_streak, b.num_recovered, b.outcomes, b.outcome_times, b.probes, b.probe_leases";

/// The result of [`ask`].
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// Whether the call may be made.
    pub answer: Answer,
    /// The state change caused by asking.
    pub transition: Option<BreakerTransition>,
}

/// A finished call.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// How it ended.
    pub outcome: CallOutcome,
    /// When to retry, if the source said.
    pub retry_after: Option<SignedDuration>,
    /// The run that made the call, for the trail.
    pub run_id: Option<i64>,
}

/// One change in the trail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrailEntry {
    /// Newer transitions have higher ids.
    pub transition_id: i64,
    /// The state change.
    pub transition: BreakerTransition,
    /// The run that caused it.
    pub run_id: Option<i64>,
}

/// The breaker of a source. `None`: not stored yet, so it is closed.
pub async fn find(client: &impl GenericClient, source_id: i32) -> Result<Option<Breaker>> {
    let statement =
        format!("select {COLUMNS} from forebay.circuit_breaker_state as b where b.source_id = $1");
    let row = client.query_typed_opt(&statement, &[(&source_id, Type::INT4)]).await?;
    row.as_ref().map(from_row).transpose()
}

/// All stored breakers by source id.
pub async fn list(client: &impl GenericClient) -> Result<Vec<(i32, Breaker)>> {
    let statement = format!("select {COLUMNS} from forebay.circuit_breaker_state as b order by b.source_id");
    let rows = client.query_typed(&statement, &[]).await?;
    rows.iter().map(|row| Ok((row.read("source_id")?, from_row(row)?))).collect()
}

/// Asks whether a source may be called now. `probe_id` is random and new for each call.
pub async fn ask(
    transaction: &Transaction<'_>,
    source_id: i32,
    policy: &BreakerPolicy,
    now: Timestamp,
    probe_id: ProbeId,
) -> Result<Asked> {
    let Some(before) = lock(transaction, source_id).await? else {
        let (_, answer, transition) = Breaker::new(now).ask(policy, now, probe_id);
        return Ok(Asked { answer, transition });
    };
    let (after, answer, transition) = before.clone().ask(policy, now, probe_id);
    write(transaction, source_id, &before, &after, transition, None).await?;
    Ok(Asked { answer, transition })
}

/// Records the outcome of a permitted call. Returns the new breaker and the state change, if any. `jitter` is random,
/// 0 to 1.
pub async fn record(
    transaction: &Transaction<'_>,
    source_id: i32,
    policy: &BreakerPolicy,
    permit: Permit,
    ended: &Ended,
    now: Timestamp,
    jitter: f64,
) -> Result<(Breaker, Option<BreakerTransition>)> {
    let before = lock_or_make(transaction, source_id, now).await?;
    let (after, transition) =
        before.clone().record(policy, permit, ended.outcome, ended.retry_after, now, jitter);
    write(transaction, source_id, &before, &after, transition, ended.run_id).await?;
    Ok((after, transition))
}

/// Applies an operator's command.
pub async fn operate(
    transaction: &Transaction<'_>,
    source_id: i32,
    command: BreakerCommand,
    now: Timestamp,
) -> Result<(Breaker, BreakerTransition)> {
    let before = lock_or_make(transaction, source_id, now).await?;
    let (after, transition) = before.clone().operate(command, now);
    write(transaction, source_id, &before, &after, Some(transition), None).await?;
    Ok((after, transition))
}

/// The trail of a source's breaker, newest first; `before` is the `transition_id` to continue from.
pub async fn trail(
    client: &impl GenericClient,
    source_id: i32,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<TrailEntry>> {
    let statement = "select transition_id, from_state, to_state, reason_code, changed_at, run_id \
         from forebay.circuit_breaker_transitions \
         where source_id = $1 and ($2::int8 is null or transition_id < $2) \
         order by transition_id desc limit $3";
    let parameters =
        [(&source_id as _, Type::INT4), (&before as _, Type::INT8), (&i64::from(limit) as _, Type::INT8)];
    let rows = client.query_typed(statement, &parameters).await?;
    rows.iter()
        .map(|row| {
            let transition = BreakerTransition {
                from: row.word("from_state")?,
                to: row.word("to_state")?,
                reason: row.word("reason_code")?,
                at: row.read("changed_at")?,
            };
            Ok(TrailEntry {
                transition_id: row.read("transition_id")?,
                transition,
                run_id: row.read("run_id")?,
            })
        })
        .collect()
}

/// Deletes or counts state changes older than `retention`.
pub async fn prune(client: &impl GenericClient, retention: Duration, mode: Mode) -> Result<u64> {
    let expiring = Expiring {
        table: "forebay.circuit_breaker_transitions",
        is_expired: "t.changed_at < now() - make_interval(secs => $1)",
        age: "changed_at",
    };
    expiring.prune(client, retention, mode).await
}

async fn lock(transaction: &Transaction<'_>, source_id: i32) -> Result<Option<Breaker>> {
    let statement =
        format!("select {COLUMNS} from forebay.circuit_breaker_state as b where b.source_id = $1 for update");
    let row = transaction.query_typed_opt(&statement, &[(&source_id, Type::INT4)]).await?;
    row.as_ref().map(from_row).transpose()
}

async fn lock_or_make(transaction: &Transaction<'_>, source_id: i32, now: Timestamp) -> Result<Breaker> {
    if let Some(breaker) = lock(transaction, source_id).await? {
        return Ok(breaker);
    }
    let statement = "insert into forebay.circuit_breaker_state (source_id, state, reason_code, changed_at) \
         values ($1, 'closed', 'new', $2) on conflict (source_id) do nothing";
    transaction.execute_typed(statement, &[(&source_id, Type::INT4), (&now, Type::TIMESTAMPTZ)]).await?;
    Ok(lock(transaction, source_id).await?.unwrap_or(Breaker::new(now)))
}

/// Writes the changed fields.
async fn write(
    transaction: &Transaction<'_>,
    source_id: i32,
    before: &Breaker,
    after: &Breaker,
    transition: Option<BreakerTransition>,
    run_id: Option<i64>,
) -> Result<()> {
    if let Some(transition) = transition {
        let statement = "insert into forebay.circuit_breaker_transitions \
             (source_id, run_id, changed_at, from_state, to_state, reason_code) values ($1, $2, $3, $4, $5, $6)";
        transaction
            .execute_typed(
                statement,
                &[
                    (&source_id, Type::INT4),
                    (&run_id, Type::INT8),
                    (&transition.at, Type::TIMESTAMPTZ),
                    (&transition.from.as_str(), Type::TEXT),
                    (&transition.to.as_str(), Type::TEXT),
                    (&transition.reason.as_str(), Type::TEXT),
                ],
            )
            .await?;
    }
    if before == after {
        return Ok(());
    }
    let outcomes: Vec<&str> = after.window.iter().map(|call| call.outcome.as_str()).collect();
    let outcome_times: Vec<Timestamp> = after.window.iter().map(|call| call.at).collect();
    let probes: Vec<Receipt> = after.probes.iter().map(|probe| Receipt(probe.id)).collect();
    let probe_leases: Vec<Timestamp> = after.probes.iter().map(|probe| probe.until).collect();
    transaction
        .execute_typed(
            include_str!("breakers/write.sql"),
            &[
                (&source_id, Type::INT4),
                (&after.state.as_str(), Type::TEXT),
                (&after.reason.as_str(), Type::TEXT),
                (&after.changed_at, Type::TIMESTAMPTZ),
                (&after.opened_at, Type::TIMESTAMPTZ),
                (&after.retry_at, Type::TIMESTAMPTZ),
                (&signed(after.num_opened), Type::INT4),
                (&after.failure_streak, Type::FLOAT8),
                (&signed(after.num_recovered), Type::INT4),
                (&outcomes, Type::TEXT_ARRAY),
                (&outcome_times, Type::TIMESTAMPTZ_ARRAY),
                (&probes, Type::UUID_ARRAY),
                (&probe_leases, Type::TIMESTAMPTZ_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

fn from_row(row: &Row) -> Result<Breaker> {
    let outcomes: Vec<&str> = row.read("outcomes")?;
    let outcome_times: Vec<Timestamp> = row.read("outcome_times")?;
    let probes: Vec<Receipt> = row.read("probes")?;
    let probe_leases: Vec<Timestamp> = row.read("probe_leases")?;
    let calls = outcomes.iter().zip(outcome_times);
    let window = calls.map(|(outcome, at)| Ok(Call { at, outcome: word("outcomes", outcome)? }));
    let probes = probes.iter().zip(probe_leases).map(|(receipt, until)| Probe { id: receipt.0, until });
    Ok(Breaker {
        state: row.word("state")?,
        reason: row.word("reason_code")?,
        changed_at: row.read("changed_at")?,
        opened_at: row.read("opened_at")?,
        retry_at: row.read("retry_at")?,
        num_opened: u32::try_from(row.read::<i32>("num_opened")?).unwrap_or_default(),
        failure_streak: row.read("failure_streak")?,
        num_recovered: u32::try_from(row.read::<i32>("num_recovered")?).unwrap_or_default(),
        window: window.collect::<Result<_>>()?,
        probes: probes.collect(),
    })
}

fn signed(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
