//! The state of incremental sources: the last state from a tap whose records are committed.

use serde_json::Value;
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow};

/// The state passed to the next run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    /// The state as JSON text, unchanged.
    pub state: Option<String>,
    /// The last complete version of its data (Singer's `ACTIVATE_VERSION`).
    pub version: Option<i64>,
}

/// The state of a source's scope. `None`: no state was ever stored.
pub async fn find(client: &impl GenericClient, source_id: i32, scope: &str) -> Result<Option<SourceState>> {
    let statement = "select s.state -> 'state' #>> '{}' as state, (s.state ->> 'version')::int8 as version from forebay.source_states as s \
         where s.source_id = $1 and s.scope = $2";
    let row = client.query_typed_opt(statement, &[(&source_id, Type::INT4), (&scope, Type::TEXT)]).await?;
    row.map(|row| Ok(SourceState { state: row.read("state")?, version: row.read("version")? })).transpose()
}

/// Stores a state, in the transaction that commits the last of its records. Absent parts are kept.
pub async fn save(
    client: &impl GenericClient,
    source_id: i32,
    scope: &str,
    run_id: i64,
    state: &SourceState,
) -> Result<()> {
    let parsed: Option<Value> = state.state.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let mut stored = serde_json::Map::new();
    stored.extend(parsed.map(|state| ("state".to_owned(), state)));
    stored.extend(state.version.map(|version| ("version".to_owned(), version.into())));
    if stored.is_empty() {
        return Ok(());
    }
    let statement = "insert into forebay.source_states as s (source_id, scope, run_id, state) values ($1, $2, $3, $4) \
         on conflict (source_id, scope) do update \
         set run_id = excluded.run_id, state = s.state || excluded.state, updated_at = now() \
         where s.state is distinct from s.state || excluded.state";
    client
        .execute_typed(
            statement,
            &[
                (&source_id, Type::INT4),
                (&scope, Type::TEXT),
                (&run_id, Type::INT8),
                (&Value::Object(stored), Type::JSONB),
            ],
        )
        .await?;
    Ok(())
}
