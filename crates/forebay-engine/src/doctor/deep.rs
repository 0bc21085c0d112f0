//! The hashes of stored payloads, computed again: a payload that no run wrote is found, and restored from history if
//! history has the right one.

use std::sync::Arc;

use forebay_domain::prepare::{Preparer, RecordPolicy};
use forebay_store::{
    connect::Database,
    doctor::{StoredPayload, StoredPayloads, mark_payload, payload_by_history, restore_payload},
    sources::{self, Source},
};

use super::check::{Check, CheckStatus};
use crate::{error::Result, human as format, persist::policy::SourcePolicy};

/// Number of wrong payloads of a source that are named.
const NAMED: usize = 5;
/// Maximum number of wrong payloads of a source that are kept to be repaired in one pass.
const MOST_WRONG: usize = 10_000;
/// Restores wrong payloads from history.
const REPAIR: &str = "forebay doctor --deep --repair";
/// The hint for payloads that history doesn't have.
const MARKED: &str =
    "they are marked: the next run that sees their records stores them anew, as new versions";
/// Characters of a key that are shown.
const KEY_SHOWN: usize = 60;

/// What to do with wrong payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Only report them.
    No,
    /// Restore them from history, and mark the others for the next run.
    Yes,
}

/// Computes the hash of every stored payload and compares it with the stored one: one check for each source. Reads all
/// payloads as a stream.
pub async fn payloads(database: &Database, repair: Repair) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for name in sources::names(&**database.client().await?).await? {
        let Some(source) = sources::find(&**database.client().await?, &name).await? else { continue };
        checks.push(of_source(database, &source, repair).await?);
    }
    Ok(checks)
}

async fn of_source(database: &Database, source: &Source, repair: Repair) -> Result<Check> {
    let client = database.client().await?;
    let mut hasher = Hasher::new(source)?;
    let (mut num_read, mut num_wrong, mut num_marked, mut wrong) = (0_u64, 0_u64, 0_u64, Vec::new());
    let mut stored = StoredPayloads::of_source(&**client, source.source_id).await?;
    while let Some(payload) = stored.next().await? {
        num_read += 1;
        if !hasher.is_right(&payload) {
            num_wrong += 1;
            num_marked += u64::from(payload.is_marked());
            if wrong.len() < MOST_WRONG {
                wrong.push(payload);
            }
        }
    }
    drop(stored);
    if num_wrong == 0 {
        let message = format!("the hashes of {} stored payloads are right", format::count(num_read));
        return Ok(Check::ok("payloads", message).about(&source.name));
    }
    let found = format!(
        "{} of {} payloads differ from their hashes",
        format::count(num_wrong),
        format::count(num_read)
    );
    if repair == Repair::No {
        // What was marked, history doesn't have.
        let message = format!("{found}: {}", named(&wrong, num_wrong));
        return Ok(reported(source, &message, num_marked == num_wrong));
    }
    let (mut restored_now, mut others) = (Vec::new(), Vec::new());
    for one in wrong {
        if restored(&**client, &mut hasher, &one).await? {
            restored_now.push(one);
        } else {
            mark_payload(&**client, &one).await?;
            others.push(one);
        }
    }
    let num_left = num_wrong - (restored_now.len() + others.len()) as u64;
    Ok(repaired(source, &restored_now, &others, num_left))
}

/// The first keys of `number` payloads.
fn named(payloads: &[StoredPayload], number: u64) -> String {
    let keys: Vec<String> = payloads
        .iter()
        .take(NAMED)
        .map(|one| format::shortened(&format::plain(&one.record_key), KEY_SHOWN))
        .collect();
    let more = if number > NAMED as u64 { ", …" } else { "" };
    format!("{}{more}", keys.join(", "))
}

/// Writes the payload that history leads to, if it has the hash of the reference.
async fn restored(
    client: &impl tokio_postgres::GenericClient,
    hasher: &mut Hasher,
    wrong: &StoredPayload,
) -> Result<bool> {
    let Some(payload) = payload_by_history(client, wrong.reference_id).await? else { return Ok(false) };
    let right = StoredPayload { payload, ..wrong.clone() };
    Ok(hasher.is_right(&right) && restore_payload(client, wrong, &right.payload).await?)
}

fn reported(source: &Source, message: &str, is_marked: bool) -> Check {
    let check = Check::new("payloads", CheckStatus::Failed, message).about(&source.name);
    if is_marked {
        return check.hint(MARKED).next(next_run(source));
    }
    // Hashes of earlier field rules are replaced when a run sees the record.
    let caution = if source.parser_version > 1 {
        ". The field rules or keys of this source have changed; records that no run has seen since have hashes of the \
         earlier rules"
    } else {
        ""
    };
    check
        .hint(format!(
            "something other than a run changed the stored records; restore them from history{caution}"
        ))
        .next(REPAIR)
}

/// `others` are marked; `num_left` more were not tried.
fn repaired(source: &Source, restored: &[StoredPayload], others: &[StoredPayload], num_left: u64) -> Check {
    let mut parts = Vec::new();
    for (payloads, what) in [(restored, "restored from history"), (others, "not in history")] {
        let number = payloads.len() as u64;
        if number > 0 {
            parts.push(format!("{} {what}: {}", format::counted(number, "payload"), named(payloads, number)));
        }
    }
    if num_left > 0 {
        parts.push(format!("{} left", format::counted(num_left, "payload")));
    }
    let status = if others.is_empty() && num_left == 0 { CheckStatus::Warning } else { CheckStatus::Failed };
    let check = Check::new("payloads", status, parts.join("; ")).about(&source.name);
    match (num_left, others) {
        (1.., _) => check.hint("repair the others, too").next(REPAIR),
        (0, []) => check,
        (0, _) => check.hint(MARKED).next(next_run(source)),
    }
}

/// The command that reads the source again.
fn next_run(source: &Source) -> String {
    match source.kind {
        Some(_) => format!("forebay scrape {}", source.name),
        None => format!("forebay persist FILE --source {}", source.name),
    }
}

/// Computes hashes under the rules of one source.
struct Hasher {
    preparer: Preparer,
    canonical: Vec<u8>,
}

impl Hasher {
    fn new(source: &Source) -> Result<Self> {
        let rules = SourcePolicy::from_json(&source.policy)?.rules;
        let policy = RecordPolicy { rules, ..RecordPolicy::new(&source.name, Vec::new()) };
        Ok(Self { preparer: Preparer::new(Arc::new(policy)), canonical: Vec::new() })
    }

    /// Whether a payload has the hash that is stored with it. One that is no record any more has not.
    fn is_right(&mut self, stored: &StoredPayload) -> bool {
        self.canonical.clear();
        let prepared = self.preparer.prepare_content(stored.payload.as_bytes(), &mut self.canonical);
        prepared.is_ok_and(|(hash, _)| hash == stored.version_hash)
    }
}
