//! The operations of operators on hand-offs: retry, cancel, hold, release and snooze, for one or for hundreds of
//! thousands.
//!
//! Each operation is an event in the transition table of `forebay_domain::handoff`, which alone decides the next
//! state. Hand-offs to which an operation doesn't apply are refused and counted by the code of the refusal.
//!
//! Hand-offs are processed page by page in the order of their key, one transaction for each page. It locks the
//! references first, which blocks persisting, then what is open of them, each in order. Only then are they judged, by
//! statements that begin after all locks are held, because the chosen hand-offs may have changed. Workers never wait
//! for these locks, so waiting for theirs is safe.

use std::collections::BTreeMap;

use forebay_domain::{
    handoff::{Change, ReasonCode, Refusal, State, Transition, next},
    identity::{ReferenceId, VersionHash},
};
use jiff::Timestamp;
use tokio_postgres::{
    Client, Transaction,
    types::{ToSql, Type},
};

mod audit;
mod operation;

pub use self::operation::{Mode, Operated, Operation, OperationName, Selection, Stood};
use super::enqueue::{Enqueue, Queueing, Subscriber, enqueue, notify};
use crate::{
    actions::Actor,
    error::Result,
    references::hold_plans,
    row::ReadRow,
    types::{SqlHash, SqlId, sql_ids},
};

const PICK: &str = include_str!("operate/pick.sql");
const LOCK_OPEN: &str = include_str!("operate/lock_open.sql");
const JUDGE: &str = include_str!("operate/judge.sql");
const MOVE: &str = include_str!("operate/move.sql");
const CANCEL: &str = include_str!("operate/cancel.sql");

/// Number of hand-offs per transaction.
const PAGE: u64 = 1000;

/// The primary key of a hand-off.
#[derive(Clone, Copy)]
struct Key {
    reference_id: ReferenceId,
    pipeline_id: i32,
    payload_hash: VersionHash,
}

/// Keys as arrays for statements.
struct Keys {
    ids: Vec<SqlId>,
    pipelines: Vec<i32>,
    hashes: Vec<SqlHash>,
}

/// A hand-off that the operation applies to.
struct Accepted {
    key: Key,
    stood: Stood,
    transition: &'static Transition,
    version: i32,
    change: Change,
    /// `None`: the reference was deleted.
    source_id: Option<i32>,
}

/// Carries out an operation on all selected hand-offs. Each page counts in the same row of the audit trail.
pub async fn operate(
    client: &mut Client,
    operation: Operation,
    selection: &Selection,
    mode: Mode,
    by: &Actor,
) -> Result<Operated> {
    operate_while(client, operation, selection, mode, by, &|_| true).await
}

/// The same, for as long as `go_on` returns true. It is called after each page with what is done so far.
pub async fn operate_while(
    client: &mut Client,
    operation: Operation,
    selection: &Selection,
    mode: Mode,
    by: &Actor,
    go_on: &(dyn Fn(&Operated) -> bool + Sync),
) -> Result<Operated> {
    let mut action_id = None;
    let states = selection.states(operation);
    let mut result = Operated::default();
    let mut after =
        Key { reference_id: ReferenceId([0; 16]), pipeline_id: i32::MIN, payload_hash: VersionHash([0; 32]) };
    loop {
        let left = selection.limit.map_or(PAGE, |limit| limit.saturating_sub(result.num_done));
        if left == 0 {
            return Ok(result);
        }
        let transaction = client.transaction().await?;
        hold_plans(&transaction).await?;
        // The order is the key's, so each page continues in the index where the last one ended.
        transaction
            .batch_execute("set local enable_seqscan = off; set local enable_bitmapscan = off")
            .await?;
        let page = pick(&transaction, selection, &states, after, left.min(PAGE)).await?;
        let Some(last) = page.last() else { return Ok(result) };
        after = *last;
        if mode == Mode::Act {
            lock(&transaction, &page).await?;
        }
        let accepted = judge(&transaction, operation, &states, &page, &mut result).await?;
        if mode == Mode::Act && !accepted.is_empty() {
            act(&transaction, operation, &accepted).await?;
            let number = accepted.len() as u64;
            action_id = Some(audit::count(&transaction, action_id, operation, selection, number, by).await?);
        }
        transaction.commit().await?;
        for one in accepted {
            result.num_done += 1;
            *result.done.entry(one.stood).or_default() += 1;
        }
        if !go_on(&result) {
            return Ok(result);
        }
    }
}

async fn pick(
    transaction: &Transaction<'_>,
    selection: &Selection,
    states: &[State],
    after: Key,
    limit: u64,
) -> Result<Vec<Key>> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let ids = (!selection.reference_ids.is_empty()).then(|| sql_ids(&selection.reference_ids));
    let rows = transaction
        .query_typed(
            PICK,
            &[
                (&SqlId(after.reference_id), Type::UUID),
                (&after.pipeline_id, Type::INT4),
                (&SqlHash(after.payload_hash), Type::BYTEA),
                (&states, Type::TEXT_ARRAY),
                (&selection.pipeline, Type::TEXT),
                (&selection.source, Type::TEXT),
                (&selection.reason_code, Type::TEXT),
                (&ids, Type::UUID_ARRAY),
                (&selection.since, Type::TIMESTAMPTZ),
                (&selection.until, Type::TIMESTAMPTZ),
                (&i64::try_from(limit).unwrap_or(i64::MAX), Type::INT8),
                (&selection.failure_code, Type::TEXT),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Key {
                reference_id: row.read::<SqlId>("reference_id")?.0,
                pipeline_id: row.read("pipeline_id")?,
                payload_hash: row.read::<SqlHash>("payload_hash")?.0,
            })
        })
        .collect()
}

async fn lock(transaction: &Transaction<'_>, page: &[Key]) -> Result<()> {
    let keys = Keys::of(page.iter());
    // Not only "for share": two operators must not open the same hand-off.
    let references = "select from forebay.\"references\" where reference_id = any ($1) \
         order by reference_id for no key update";
    transaction.execute_typed(references, &[(&keys.ids, Type::UUID_ARRAY)]).await?;
    let open: [(&(dyn ToSql + Sync), Type); 2] =
        [(&keys.ids, Type::UUID_ARRAY), (&keys.pipelines, Type::INT4_ARRAY)];
    transaction.execute_typed(LOCK_OPEN, &open).await?;
    Ok(())
}

/// Determines which hand-offs of a page the operation applies to, and counts the refusals.
async fn judge(
    transaction: &Transaction<'_>,
    operation: Operation,
    states: &[State],
    page: &[Key],
    result: &mut Operated,
) -> Result<Vec<Accepted>> {
    let mut accepted = Vec::new();
    for row in transaction.query_typed(JUDGE, &Keys::of(page.iter()).parameters()).await? {
        let index = usize::try_from(row.read::<i32>("index")?).unwrap_or_default();
        let state: State = row.word("state")?;
        // Its state has changed since it was picked.
        if !states.contains(&state) {
            continue;
        }
        let (has_newer, is_follow_up): (bool, bool) = (row.read("has_newer")?, row.read("is_follow_up")?);
        let source_id: Option<i32> = row.read("source_id")?;
        let refusal = match (operation, next(state, operation.event(state))) {
            (_, Err(refusal)) => refusal,
            (Operation::Retry { .. }, Ok(_)) if has_newer => Refusal::NotLatest,
            (Operation::Snooze { .. }, Ok(_)) if is_follow_up => Refusal::AttemptUnderWay,
            (operation, Ok(_)) if operation.queues() && source_id.is_none() => Refusal::ReferenceGone,
            (_, Ok(transition)) => {
                let stood = Stood {
                    pipeline: row.read("pipeline")?,
                    state,
                    reason_code: row.read("reason_code")?,
                    failure_code: row.read("failure_code")?,
                };
                let (version, change) = (row.read("version")?, row.word("change")?);
                accepted.push(Accepted { key: page[index], stood, transition, version, change, source_id });
                continue;
            }
        };
        *result.refused.entry(refusal).or_default() += 1;
    }
    Ok(accepted)
}

async fn act(transaction: &Transaction<'_>, operation: Operation, accepted: &[Accepted]) -> Result<()> {
    let (reopened, waiting): (Vec<&Accepted>, Vec<&Accepted>) =
        accepted.iter().partition(|one| one.transition.raises_generation);
    let keys = Keys::of(waiting.iter().map(|one| &one.key));
    match operation {
        Operation::Cancel { running } => {
            let mut parameters = keys.parameters().to_vec();
            parameters.push((&running, Type::BOOL));
            transaction.execute_typed(CANCEL, &parameters).await?;
        }
        Operation::Hold | Operation::Release => move_waiting(transaction, &waiting, None, i16::MAX).await?,
        Operation::Snooze { until } => move_waiting(transaction, &waiting, Some(until), i16::MAX).await?,
        Operation::Retry { priority } => {
            move_waiting(transaction, &waiting, None, priority).await?;
            reopen(transaction, &reopened, priority).await?;
        }
    }
    if operation.wakes() {
        notify(transaction, accepted.iter().map(|one| one.key.pipeline_id)).await?;
    }
    Ok(())
}

/// Moves what waits to the states of its transitions. `until`: postponed until then; `priority`: this one, unless the
/// hand-off has a lower one.
async fn move_waiting(
    transaction: &Transaction<'_>,
    waiting: &[&Accepted],
    until: Option<Timestamp>,
    priority: i16,
) -> Result<()> {
    let keys = Keys::of(waiting.iter().map(|one| &one.key));
    let to: Vec<&str> = waiting.iter().map(|one| one.transition.to.as_str()).collect();
    let reasons: Vec<&str> = waiting
        .iter()
        .map(|one| match one.transition.reason {
            Some(reason) => reason.as_str(),
            None => one.stood.reason_code.as_str(),
        })
        .collect();
    let mut parameters = keys.parameters().to_vec();
    parameters.extend::<[(&(dyn ToSql + Sync), Type); 4]>([
        (&to, Type::TEXT_ARRAY),
        (&reasons, Type::TEXT_ARRAY),
        (&until, Type::TIMESTAMPTZ),
        (&priority, Type::INT2),
    ]);
    transaction.execute_typed(MOVE, &parameters).await?;
    Ok(())
}

/// Hands settled content off again.
async fn reopen(transaction: &Transaction<'_>, settled: &[&Accepted], priority: i16) -> Result<()> {
    let mut groups: BTreeMap<(i32, i32), Vec<Enqueue>> = BTreeMap::new();
    for one in settled {
        let Key { reference_id, pipeline_id, payload_hash } = one.key;
        let again = Enqueue {
            reference_id,
            payload_hash,
            version: one.version,
            change: one.change,
            changed_fields: Vec::new(),
        };
        // Without a source there is no reference, which is refused.
        groups.entry((pipeline_id, one.source_id.unwrap_or_default())).or_default().push(again);
    }
    for ((pipeline_id, source_id), changes) in &groups {
        let subscriber =
            Subscriber { pipeline_id: *pipeline_id, changed_fields: Vec::new(), has_key_limits: true };
        let queueing = Queueing { subscribers: &[], run_id: None, source_id: *source_id };
        let changes: Vec<&Enqueue> = changes.iter().collect();
        let reason = Some(ReasonCode::Retried);
        enqueue(transaction, &queueing, &[&subscriber], &changes, reason, priority).await?;
    }
    Ok(())
}

impl Keys {
    fn of<'a>(keys: impl Iterator<Item = &'a Key>) -> Self {
        let mut all = Self { ids: Vec::new(), pipelines: Vec::new(), hashes: Vec::new() };
        for key in keys {
            all.ids.push(SqlId(key.reference_id));
            all.pipelines.push(key.pipeline_id);
            all.hashes.push(SqlHash(key.payload_hash));
        }
        all
    }

    fn parameters(&self) -> [(&(dyn ToSql + Sync), Type); 3] {
        [
            (&self.ids, Type::UUID_ARRAY),
            (&self.pipelines, Type::INT4_ARRAY),
            (&self.hashes, Type::BYTEA_ARRAY),
        ]
    }
}
