//! What guards learn from a scope's runs, and what they record about a run.

use forebay_domain::{
    guards::{Decision, MAX_RUNS, PastRun},
    scope::Scope,
};
use tokio_postgres::{GenericClient, types::Type};

use super::signed;
use crate::{
    error::{Error, Result},
    row::ReadRow,
};

/// At most this many runs are read.
const MAX_HISTORY: u64 = 200;

/// The complete runs of a scope that were ordinary or were applied as a whole, newest first.
pub async fn history(client: &impl GenericClient, source_id: i32, scope: &Scope) -> Result<Vec<PastRun>> {
    let rows = client
        .query_typed(
            include_str!("history.sql"),
            &[
                (&source_id, Type::INT4),
                (&scope.to_string(), Type::TEXT),
                (&signed(MAX_HISTORY), Type::INT8),
                (&signed(MAX_RUNS as u64), Type::INT8),
            ],
        )
        .await?;
    rows.iter().map(past_run).collect()
}

/// A scope whose runs may suggest another policy.
#[derive(Clone, Debug)]
pub struct AdvisedScope {
    /// Its source.
    pub source_id: i32,
    /// The name of its source.
    pub source: String,
    /// The policy of its source, as stored.
    pub policy: serde_json::Value,
    /// The scope, as text.
    pub scope: String,
}

/// The scopes with several re-keys or many runs that removed something: those about which guards may have advice.
pub async fn scopes_to_advise(client: &impl GenericClient) -> Result<Vec<AdvisedScope>> {
    let rows = client.query_typed(include_str!("scopes_to_advise.sql"), &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(AdvisedScope {
                source_id: row.read("source_id")?,
                source: row.read("source")?,
                policy: row.read("policy")?,
                scope: row.read("scope")?,
            })
        })
        .collect()
}

fn past_run(row: &tokio_postgres::Row) -> Result<PastRun> {
    let names: Vec<String> = row.read("names")?;
    let counts: Vec<i64> = row.read("counts")?;
    let counts = counts.into_iter().map(i64::unsigned_abs);
    Ok(PastRun {
        num_active_before: row.count("num_active_before")?,
        num_seen: row.count("num_seen")?,
        num_added: row.count("num_added")?,
        num_removed: row.count("num_removed")?,
        num_restored: row.count("num_restored")?,
        num_rekeyed: row.count("num_rekeyed")?,
        num_split: row.count("num_split")?,
        num_records: row.count("num_records")?,
        fields: names.into_iter().zip(counts).collect(),
    })
}

/// Records what the guards found in a running run.
pub async fn judged(
    client: &impl GenericClient,
    run_id: i64,
    num_active_before: u64,
    decision: &Decision,
) -> Result<()> {
    let num_split = decision.split.len() + decision.withheld.pairs.len();
    let num_rows = client
        .execute_typed(
            "update forebay.scrape_runs set num_active_before = $2, num_withheld = $3, num_rekeyed = $4, \
                 num_split = $5, is_ordinary = $6 where run_id = $1 and status = 'running'",
            &[
                (&run_id, Type::INT8),
                (&signed(num_active_before), Type::INT8),
                (&signed(decision.withheld.num_withheld()), Type::INT8),
                (&signed(decision.moved.len() as u64), Type::INT8),
                (&signed(num_split as u64), Type::INT8),
                (&decision.is_ordinary(), Type::BOOL),
            ],
        )
        .await?;
    if num_rows == 1 { Ok(()) } else { Err(Error::RunLost { run_id }) }
}

/// Records that an operator decided about what a run withheld, and moved some references to other keys.
pub async fn settled(client: &impl GenericClient, run_id: i64, num_rekeyed: u64) -> Result<()> {
    let statement = "update forebay.scrape_runs set num_withheld = 0, num_rekeyed = num_rekeyed + $2, \
             num_split = greatest(num_split - $2, 0) where run_id = $1";
    client.execute_typed(statement, &[(&run_id, Type::INT8), (&signed(num_rekeyed), Type::INT8)]).await?;
    Ok(())
}
