//! Aliases: maps ids computed from the new keys of a re-key to the references that kept their ids.

use std::sync::LazyLock;

use forebay_domain::identity::ReferenceId;
use tokio_postgres::{GenericClient, types::Type};

use crate::{
    changes::{StagedRecord, staged_record},
    error::{Error, Result},
    row::ReadRow,
    types::{SqlId, sql_ids},
};

/// The aliases whose references can move back when their run is undone.
pub(crate) const MOVABLE: &str = include_str!("aliases/movable.sql");

static MOVE_BACK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with movable as ({MOVABLE}), \
         freed as ( \
             delete from forebay.reference_aliases as a using movable as m where a.alias_id = m.alias_id \
             returning a.reference_id \
         ) \
         update forebay.\"references\" as r \
         set record_key = r.lineage #>> '{{previous_keys,-1}}', \
             lineage = jsonb_set(r.lineage, '{{previous_keys}}', (r.lineage -> 'previous_keys') - (-1)) \
         from freed as f \
         where r.reference_id = f.reference_id"
    )
});

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

/// The reference of an id that a re-key concerns.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Its position in the given ids.
    pub index: usize,
    /// The reference that the id maps to.
    pub reference_id: ReferenceId,
    /// The key under which the reference is stored, if it is another one than the given one.
    pub other_key: Option<String>,
    /// Whether it is active.
    pub is_active: bool,
}

/// Maps ids to their references. Leaves out those that no re-key concerns: they are no alias, and no reference has the
/// id under another key. An id without a key is only looked up as an alias.
pub async fn owners(
    client: &impl GenericClient,
    ids: &[ReferenceId],
    keys: &[Option<&str>],
) -> Result<Vec<Owner>> {
    let rows = client
        .query_typed(
            include_str!("aliases/owners.sql"),
            &[(&sql_ids(ids), Type::UUID_ARRAY), (&keys, Type::TEXT_ARRAY)],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Owner {
                index: usize::try_from(row.read::<i64>("index")?).unwrap_or_default(),
                reference_id: row.read::<SqlId>("reference_id")?.0,
                other_key: row.read("other_key")?,
                is_active: row.read("is_active")?,
            })
        })
        .collect()
}

/// Finds the staged additions under keys that missing references of the run used to have. They become changes of these
/// references, which keep their ids and get the keys back when the changes are applied. Returns their number.
pub async fn return_keys(transaction: &impl GenericClient, run_id: i64) -> Result<u64> {
    let statement = include_str!("aliases/return_keys.sql");
    Ok(transaction.execute_typed(statement, &[(&run_id, Type::INT8)]).await?)
}

/// Takes back the staged additions under keys that active references used to have, for a run that cannot tell which of
/// those are gone.
pub async fn take_reused(transaction: &impl GenericClient, run_id: i64) -> Result<Vec<StagedRecord>> {
    let statement = include_str!("aliases/take_reused.sql");
    let rows = transaction.query_typed(statement, &[(&run_id, Type::INT8)]).await?;
    rows.iter().map(staged_record).collect()
}

/// Moves references to other keys. Aliases that [`return_keys`] has prepared for them are stored.
pub async fn change_keys(
    transaction: &impl GenericClient,
    run_id: i64,
    source_id: i32,
    moves: &[(ReferenceId, &str)],
) -> Result<()> {
    let ids: Vec<SqlId> = moves.iter().map(|(id, _)| SqlId(*id)).collect();
    let keys: Vec<&str> = moves.iter().map(|(_, key)| *key).collect();
    transaction
        .execute_typed(
            include_str!("aliases/name_returned.sql"),
            &[(&run_id, Type::INT8), (&source_id, Type::INT4), (&ids, Type::UUID_ARRAY)],
        )
        .await?;
    transaction
        .execute_typed(
            include_str!("aliases/move_keys.sql"),
            &[
                (&run_id, Type::INT8),
                (&source_id, Type::INT4),
                (&ids, Type::UUID_ARRAY),
                (&ids, Type::UUID_ARRAY),
                (&keys, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Drops the aliases with ids that new references have now: a record that has a key again which another reference used
/// to have.
pub async fn drop_taken(transaction: &impl GenericClient, ids: &[ReferenceId]) -> Result<()> {
    let statement = "delete from forebay.reference_aliases where alias_id = any($1)";
    transaction.execute_typed(statement, &[(&sql_ids(ids), Type::UUID_ARRAY)]).await?;
    Ok(())
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

/// Moves references back from the keys to which `run_id` moved them, unless a later run has written or moved them, or
/// another record has the old key. Frees the new keys. Returns their number.
pub async fn move_back(transaction: &impl GenericClient, run_id: i64) -> Result<u64> {
    Ok(transaction.execute_typed(&MOVE_BACK, &[(&run_id, Type::INT8)]).await?)
}
