//! Detects a re-key in the staged changes of a run: the same records under other keys.

use forebay_domain::rekey::{self, Candidate, Rekey};
use forebay_store::changes::{self, RekeySide};
use tokio_postgres::Client;

use crate::error::Result;

/// At most this many records on each side are compared.
const MAX_RECORDS: i64 = 200_000;

/// A re-key with the two lists that its pairs refer to.
pub(super) struct FoundRekey {
    pub(super) rekey: Rekey,
    pub(super) vanished: Vec<RekeySide>,
    pub(super) appeared: Vec<RekeySide>,
}

/// Looks for a re-key in the staged changes of a run.
pub(super) async fn find_rekey(
    client: &Client,
    run_id: i64,
    key_fields: &[String],
) -> Result<Option<FoundRekey>> {
    let vanished = changes::vanished(client, run_id, MAX_RECORDS).await?;
    let appeared = changes::appeared(client, run_id, MAX_RECORDS).await?;
    let candidates = |sides: &[RekeySide]| -> Vec<Candidate> {
        sides.iter().map(|s| Candidate { key: s.record_key.clone(), payload: s.payload.clone() }).collect()
    };
    let rekey = rekey::recognise(&candidates(&vanished), &candidates(&appeared), key_fields);
    Ok(rekey.map(|rekey| FoundRekey { rekey, vanished, appeared }))
}
