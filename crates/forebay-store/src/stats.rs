//! Totals of the stored data, for operators and checks.
//!
//! One statement computes all totals, so they are consistent.

use std::collections::BTreeMap;

use forebay_domain::{handoff, run::RunStatus};
use tokio_postgres::{GenericClient, types::Type};

use crate::{error::Result, row::ReadRow};

/// Counts the data of one source, or of all sources.
pub const TOTALS: &str = include_str!("stats/totals.sql");
/// Counts a source's references by scope.
pub const SCOPES: &str = include_str!("stats/scopes.sql");

/// Whether some sources have references in a scope.
pub const HAS_SCOPE: &str = include_str!("stats/has_scope.sql");

/// The totals. States without rows are present, with 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Active references.
    pub num_active: u64,
    /// Tombstones.
    pub num_removed: u64,
    /// The sum of `version` over all references, including tombstones.
    pub num_versions: u64,
    /// Revisions: one for each changed field, removal and restoration.
    pub num_revisions: u64,
    /// Hand-offs by state.
    pub handoffs: BTreeMap<&'static str, u64>,
    /// Runs by status.
    pub runs: BTreeMap<&'static str, u64>,
}

/// The references of one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeTotals {
    /// The scope as text; empty: the whole source.
    pub scope: String,
    /// Active references.
    pub num_active: u64,
    /// Tombstones.
    pub num_removed: u64,
}

/// Counts the stored data of a source, by its id, or of all sources.
pub async fn totals(client: &impl GenericClient, source_id: Option<i32>) -> Result<Totals> {
    let mut totals = Totals {
        num_active: 0,
        num_removed: 0,
        num_versions: 0,
        num_revisions: 0,
        handoffs: handoff::State::ALL.iter().map(|state| (state.as_str(), 0)).collect(),
        runs: RunStatus::ALL.iter().map(|status| (status.as_str(), 0)).collect(),
    };
    for row in &client.query_typed(TOTALS, &[(&source_id, Type::INT4)]).await? {
        let (what, word): (&str, &str) = (row.read("what")?, row.read("word")?);
        let number = row.count("number")?;
        match (what, word) {
            ("references", "active") => totals.num_active = number,
            ("references", "removed") => totals.num_removed = number,
            ("versions", _) => totals.num_versions = number,
            ("revisions", _) => totals.num_revisions = number,
            ("handoffs", state) => put(&mut totals.handoffs, state, number),
            ("runs", status) => put(&mut totals.runs, status, number),
            // The statement returns no other names.
            _ => {}
        }
    }
    Ok(totals)
}

/// The scopes of a source with their references, by name.
pub async fn scopes(client: &impl GenericClient, source_id: i32) -> Result<Vec<ScopeTotals>> {
    let rows = client.query_typed(SCOPES, &[(&source_id, Type::INT4)]).await?;
    rows.iter()
        .map(|row| {
            Ok(ScopeTotals {
                scope: row.read("scope")?,
                num_active: row.count("num_active")?,
                num_removed: row.count("num_removed")?,
            })
        })
        .collect()
}

/// Whether these sources, or any source, have references in a scope, active or removed.
pub async fn has_scope(client: &impl GenericClient, source_ids: Option<&[i32]>, scope: &str) -> Result<bool> {
    let row =
        client.query_typed_one(HAS_SCOPE, &[(&source_ids, Type::INT4_ARRAY), (&scope, Type::TEXT)]).await?;
    row.read("has_scope")
}

/// The scopes of the references of these sources, or of all sources. Reads all of them.
pub async fn scope_names(client: &impl GenericClient, source_ids: Option<&[i32]>) -> Result<Vec<String>> {
    let statement = "select distinct scope collate \"C\" as scope from forebay.\"references\" \
                     where $1::int4[] is null or source_id = any($1) order by 1";
    let rows = client.query_typed(statement, &[(&source_ids, Type::INT4_ARRAY)]).await?;
    rows.iter().map(|row| row.read("scope")).collect()
}

/// Check constraints allow only known words.
fn put(counts: &mut BTreeMap<&'static str, u64>, word: &str, number: u64) {
    if let Some(known) = counts.get_mut(word) {
        *known = number;
    }
}
