//! The staged changes of a run, compared with what is stored.

use forebay_domain::{handoff::Change, identity::ReferenceId};
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow, types::SqlId};

/// A staged change with the stored and the new payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its reference.
    pub reference_id: ReferenceId,
    /// The reference's key.
    pub record_key: String,
    /// Its effect if applied.
    pub change: Change,
    /// The stored version; `None`: the reference does not exist yet.
    pub version: Option<i32>,
    /// The stored payload as JSON text; `None`: the reference does not exist yet.
    pub old_payload: Option<String>,
    /// The new payload as JSON text; `None`: the reference would be removed.
    pub new_payload: Option<String>,
}

/// How many updates change a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTotals {
    /// The top-level field.
    pub field_name: String,
    /// Updates that change it.
    pub num_changed: u64,
    /// Those of them after which it has no value.
    pub num_lost: u64,
    /// Those of them before which it had no value.
    pub num_gained: u64,
}

/// The next `limit` staged changes of a run, removals first, after the change of a reference.
pub async fn differences(
    client: &impl GenericClient,
    run_id: i64,
    after: Option<(bool, ReferenceId)>,
    limit: i64,
) -> Result<Vec<Difference>> {
    let (is_removal, after) = after.unwrap_or((true, ReferenceId([0; 16])));
    let rows = client
        .query_typed(
            include_str!("differences.sql"),
            &[
                (&run_id, Type::INT8),
                (&is_removal, Type::BOOL),
                (&SqlId(after), Type::UUID),
                (&limit, Type::INT8),
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Difference {
                reference_id: row.read::<SqlId>("reference_id")?.0,
                record_key: row.read("record_key")?,
                change: row.word("change")?,
                version: row.read("version")?,
                old_payload: row.read("old_payload")?,
                new_payload: row.read("new_payload")?,
            })
        })
        .collect()
}

/// The fields that the staged updates of a run change, those of the most updates first.
pub async fn field_totals(client: &impl GenericClient, run_id: i64) -> Result<Vec<FieldTotals>> {
    let rows = client.query_typed(include_str!("field_totals.sql"), &[(&run_id, Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(FieldTotals {
                field_name: row.read("field_name")?,
                num_changed: row.count("num_changed")?,
                num_lost: row.count("num_lost")?,
                num_gained: row.count("num_gained")?,
            })
        })
        .collect()
}
