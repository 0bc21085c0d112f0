//! The stage of the voice: records a score that another tool computed.

use super::super::persister::{CoursePersister, Persisted, check_voice};
use crate::error::Result;

/// Records how well the course in the folder matches the voice of its persona, 0 to 1. The folder is persisted first,
/// because the score belongs to its text. Error: the score is out of range; nothing is written.
pub async fn record_voice(writer: &mut CoursePersister, score: f64) -> Result<Persisted> {
    check_voice(score)?;
    Ok(writer.persist_voice(score).await)
}
