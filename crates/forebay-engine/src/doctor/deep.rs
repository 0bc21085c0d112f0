//! The hashes of stored payloads, computed again: a payload that no run wrote is found, and restored from history if
//! history knows better.

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
    let (mut num_read, mut num_wrong, mut wrong) = (0_u64, 0_u64, Vec::new());
    let mut stored = StoredPayloads::of_source(&**client, source.source_id).await?;
    while let Some(payload) = stored.next().await? {
        num_read += 1;
        if !hasher.is_right(&payload) {
            num_wrong += 1;
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
    let keys: Vec<String> = wrong
        .iter()
        .take(NAMED)
        .map(|one| format::shortened(&format::plain(&one.record_key), KEY_SHOWN))
        .collect();
    let more = if num_wrong > NAMED as u64 { ", …" } else { "" };
    let named = format!("{}{more}", keys.join(", "));
    let found = format!(
        "{} of {} payloads differ from their hashes",
        format::count(num_wrong),
        format::count(num_read)
    );
    if repair == Repair::No {
        return Ok(reported(source, &format!("{found}: {named}")));
    }
    let mut num_restored = 0_u64;
    let mut num_marked = 0_u64;
    for one in &wrong {
        if restored(&**client, &mut hasher, one).await? {
            num_restored += 1;
        } else {
            mark_payload(&**client, one).await?;
            num_marked += 1;
        }
    }
    Ok(repaired(source, &named, num_restored, num_marked, num_wrong - num_restored - num_marked))
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

fn reported(source: &Source, message: &str) -> Check {
    // Hashes of earlier field rules are replaced when a run sees the record.
    let caution = if source.parser_version > 1 {
        ". The field rules or keys of this source have changed; records that no run has seen since have hashes of the \
         earlier rules"
    } else {
        ""
    };
    Check::new("payloads", CheckStatus::Failed, message)
        .about(&source.name)
        .hint(format!(
            "something other than a run changed the stored records; restore them from history{caution}"
        ))
        .next("forebay doctor --deep --repair")
}

fn repaired(source: &Source, named: &str, num_restored: u64, num_marked: u64, num_left: u64) -> Check {
    let restored = format!("{} payloads were restored from history", format::count(num_restored));
    if num_marked + num_left == 0 {
        return Check::new("payloads", CheckStatus::Warning, format!("{restored}: {named}"))
            .about(&source.name);
    }
    let message = format!(
        "{restored}; of {} others history doesn't have the changed fields: {named}",
        format::count(num_marked + num_left)
    );
    let next = match (num_left, source.kind.as_deref()) {
        (1.., _) => "forebay doctor --deep --repair".to_owned(),
        (0, Some(_)) => format!("forebay scrape {}", source.name),
        (0, None) => format!("forebay persist FILE --source {}", source.name),
    };
    Check::new("payloads", CheckStatus::Failed, message)
        .about(&source.name)
        .hint("they are marked: the next run that sees their records stores them anew, as new versions")
        .next(next)
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
