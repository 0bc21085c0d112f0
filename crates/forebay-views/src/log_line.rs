//! A line that a run logged.

use forebay_store::logs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{json::Json, time::Time};

/// A line of a run's log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogLine {
    /// Its number, which increases with time.
    pub log_id: i64,
    /// When it was logged.
    pub logged_at: Time,
    /// The severity.
    #[schemars(schema_with = "crate::words::level")]
    pub level: String,
    /// What happened, as a sentence.
    pub message: String,
    /// Details, as an object.
    pub metadata: Json,
}

impl From<logs::LogLine> for LogLine {
    fn from(line: logs::LogLine) -> Self {
        Self {
            log_id: line.log_id,
            logged_at: line.logged_at.into(),
            level: line.level.as_str().to_owned(),
            message: line.message,
            metadata: Json::from(&line.metadata),
        }
    }
}
