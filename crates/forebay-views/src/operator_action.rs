//! An action of an operator, from the audit trail.

use forebay_store::actions::ActionRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{json::Json, time::Time};

/// Something that a person or program changed on purpose.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OperatorAction {
    /// Its number, ascending in time.
    pub action_id: i64,
    /// When it was done.
    pub acted_at: Time,
    /// Who did it: the name of a token, the subject of a JWT, the client of MCP, or the user of the operating system.
    pub actor: String,
    /// The role in which they did it.
    #[schemars(schema_with = "crate::words::role")]
    pub role: String,
    /// The program that they used. `library`: a program that uses Forebay's library.
    #[schemars(schema_with = "crate::words::skin")]
    pub skin: String,
    /// The host or address that it came from; null: unknown.
    pub from: Option<String>,
    /// What was done, as a stable word.
    pub action: String,
    /// What it was done to, as a stable word: `run`, `handoffs`, `pipeline`, `source`, ….
    pub target_kind: String,
    /// Its id or name; for hand-offs the pipeline, or empty for those of several pipelines.
    pub target: String,
    /// The source that it concerns; null: none, or several.
    pub source: Option<String>,
    /// How many rows of the target it changed: references of a run, hand-offs, pauses; 1 for one thing.
    pub num_touched: u64,
    /// Why, in their words; null: they gave no reason.
    pub reason: Option<String>,
    /// The options that it was done with, without secrets.
    pub parameters: Json,
}

impl From<ActionRow> for OperatorAction {
    fn from(row: ActionRow) -> Self {
        Self {
            action_id: row.action_id,
            acted_at: row.acted_at.into(),
            actor: row.actor,
            role: row.role.to_string(),
            skin: row.skin.to_string(),
            from: row.from,
            action: row.action,
            target_kind: row.target_kind,
            target: row.target,
            source: row.source,
            num_touched: row.num_touched,
            reason: row.reason,
            parameters: Json::from(&row.parameters),
        }
    }
}
