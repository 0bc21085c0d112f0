//! Writes a batch so that a record that the database refuses costs only that record.
//!
//! The database is the user's: a check, a trigger or an index of theirs may refuse a record. A batch is written in a
//! savepoint; one that is refused is tried in halves, down to the refused records. Checks that are deferred to the end
//! of the transaction are not covered: they may be about more than one batch.

use forebay_domain::reject::{Reject, RejectReason};
use forebay_store::{references::Record, rejected::Rejected};
use tokio_postgres::Transaction;

use super::write::{Attempt, Target, Written, write};
use crate::error::{Error, Result};

/// Writes differing records, like [`write`]. Those that the database refuses become rejected records.
pub(super) async fn write_in_halves(
    transaction: &Transaction<'_>,
    target: &Target,
    added: &[Record<'_>],
    known: &[Record<'_>],
) -> Result<Attempt> {
    const NONE: &[Record<'_>] = &[];
    let mut all = Written::default();
    let mut parts = vec![(added, known)];
    while let Some((added, known)) = parts.pop() {
        execute(transaction, "savepoint part").await?;
        let error = match write(transaction, target, added, known).await {
            Ok(Attempt::Conflict) => return Ok(Attempt::Conflict),
            Ok(Attempt::Written(written)) => {
                execute(transaction, "release savepoint part").await?;
                all.add(written);
                continue;
            }
            Err(error) if error.is_about_data() => error,
            Err(error) => return Err(error),
        };
        execute(transaction, "rollback to savepoint part; release savepoint part").await?;
        match (added, known) {
            ([record], []) | ([], [record]) => {
                all.counts.num_rejected += 1;
                all.rejected.push(refused(record, &error));
            }
            ([], []) => return Err(error),
            (records, []) => {
                let (first, second) = records.split_at(records.len() / 2);
                parts.extend([(second, NONE), (first, NONE)]);
            }
            ([], records) => {
                let (first, second) = records.split_at(records.len() / 2);
                parts.extend([(NONE, second), (NONE, first)]);
            }
            (added, known) => parts.extend([(NONE, known), (added, NONE)]),
        }
    }
    Ok(Attempt::Written(all))
}

async fn execute(transaction: &Transaction<'_>, statement: &str) -> Result<()> {
    Ok(transaction.batch_execute(statement).await.map_err(forebay_store::Error::from)?)
}

fn refused(record: &Record<'_>, error: &Error) -> Rejected {
    let message = match error {
        Error::Store(error) => match error.constraint() {
            Some(constraint) => format!("the database refused it by {constraint}: {error}"),
            None => format!("the database refused it: {error}"),
        },
        error => error.to_string(),
    };
    Rejected::record(record, Reject::new(RejectReason::Refused, message))
}
