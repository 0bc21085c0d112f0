//! Detects a re-key in the staged changes of a run: the same records under other keys.

use forebay_domain::{
    identity::{ReferenceId, is_by_hash},
    rekey::{self, Candidate, Pair, Rekey, RekeyPolicy},
};
use forebay_store::{
    aliases::Move,
    changes::{self, RekeySide},
};
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

impl FoundRekey {
    /// The references under their old keys.
    pub(super) fn old_ids(&self) -> impl Iterator<Item = ReferenceId> {
        self.rekey.pairs.iter().map(|pair| self.vanished[pair.vanished].reference_id)
    }

    /// The reference of a pair, and the id computed from its new key.
    pub(super) fn ids(&self, pair: Pair) -> [ReferenceId; 2] {
        [self.vanished[pair.vanished].reference_id, self.appeared[pair.appeared].reference_id]
    }

    /// How to move the references of some pairs to their new keys.
    pub(super) fn moves(&self, pairs: &[Pair]) -> Vec<Move> {
        let to_move = |pair: &Pair| {
            let [reference_id, alias_id] = self.ids(*pair);
            Move { reference_id, alias_id, record_key: self.appeared[pair.appeared].record_key.clone() }
        };
        pairs.iter().map(to_move).collect()
    }
}

/// Looks for a re-key in the staged changes of a run.
pub(super) async fn find_rekey(
    client: &Client,
    run_id: i64,
    key_fields: &[String],
    policy: RekeyPolicy,
) -> Result<Option<FoundRekey>> {
    // A changed record has another hash, so it would look like a record under another key.
    if is_by_hash(key_fields) {
        return Ok(None);
    }
    let vanished = changes::vanished(client, run_id, MAX_RECORDS).await?;
    let appeared = changes::appeared(client, run_id, MAX_RECORDS).await?;
    let candidates = |sides: &[RekeySide]| -> Vec<Candidate> {
        sides.iter().map(|s| Candidate { key: s.record_key.clone(), payload: s.payload.clone() }).collect()
    };
    let rekey = rekey::recognise(policy, &candidates(&vanished), &candidates(&appeared), key_fields);
    Ok(rekey.map(|rekey| FoundRekey { rekey, vanished, appeared }))
}
