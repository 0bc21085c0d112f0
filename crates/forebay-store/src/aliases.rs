//! Aliases: maps ids computed from the new keys of a re-key to the references that kept their ids.

use forebay_domain::identity::ReferenceId;
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    error::{Error, Result},
    row::ReadRow,
    types::{SqlId, sql_ids},
};

/// A key to move: the reference, the id computed from its new key, and that key.
#[derive(Clone, Debug)]
pub struct Move {
    /// The reference that keeps its id.
    pub reference_id: ReferenceId,
    /// The id computed from the new key.
    pub alias_id: ReferenceId,
    /// The new key.
    pub record_key: String,
}

/// Finds the aliases among `ids` and the references they map to.
pub async fn resolve(
    client: &impl GenericClient,
    ids: &[ReferenceId],
) -> Result<Vec<(ReferenceId, ReferenceId)>> {
    let rows = client
        .query_typed(
            "select alias_id, reference_id from forebay.reference_aliases where alias_id = any($1)",
            &[(&sql_ids(ids), Type::UUID_ARRAY)],
        )
        .await?;
    rows.iter()
        .map(|row| Ok((row.read::<SqlId>("alias_id")?.0, row.read::<SqlId>("reference_id")?.0)))
        .collect()
}

/// Moves references that a held run would remove to the keys that it would add instead. The staged additions and
/// removals become changes of these references.
pub async fn rekey(
    transaction: &impl GenericClient,
    run_id: i64,
    source_id: i32,
    moves: &[Move],
) -> Result<()> {
    let kept: Vec<SqlId> = moves.iter().map(|m| SqlId(m.reference_id)).collect();
    let aliases: Vec<SqlId> = moves.iter().map(|m| SqlId(m.alias_id)).collect();
    let keys: Vec<&str> = moves.iter().map(|m| m.record_key.as_str()).collect();
    for statement in [
        include_str!("aliases/add.sql"),
        include_str!("aliases/move_keys.sql"),
        include_str!("aliases/drop_removals.sql"),
        include_str!("aliases/redirect_changes.sql"),
    ] {
        let num_rows = transaction
            .execute_typed(
                statement,
                &[
                    (&run_id, Type::INT8),
                    (&source_id, Type::INT4),
                    (&kept, Type::UUID_ARRAY),
                    (&aliases, Type::UUID_ARRAY),
                    (&keys, Type::TEXT_ARRAY),
                ],
            )
            .await?;
        if num_rows != moves.len() as u64 {
            return Err(Error::RunLost { run_id });
        }
    }
    Ok(())
}

/// Moves references back from the keys to which `run_id` moved them, unless a later run has written or moved them.
/// Frees the new keys. Returns their number.
pub async fn move_back(transaction: &impl GenericClient, run_id: i64) -> Result<u64> {
    Ok(transaction.execute_typed(include_str!("aliases/move_back.sql"), &[(&run_id, Type::INT8)]).await?)
}
