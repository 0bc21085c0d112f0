//! What later steps need from earlier ones.

use forebay_engine::persist::RunReport;

use crate::database::{RunChange, TableWrites};

/// What later steps need from earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The server's counters before anything was stored.
    pub(crate) at_first: Vec<TableWrites>,
    /// The runs of day 1.
    pub(crate) runs: Vec<RunReport>,
    /// The references and hand-offs of day 1.
    pub(crate) num_references: u64,
    pub(crate) num_handoffs: u64,
    /// What changed on day 2.
    pub(crate) changes: Vec<RunChange>,
}
