//! `forebay stats`: totals of what is stored.

use std::collections::BTreeMap;

use forebay_store::{connect::Database, stats};
use forebay_views::{ReferenceCounts, Stats};

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{Page, Report, format},
};

/// Count references, versions, revisions, hand-offs and runs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay stats
  forebay stats --source courses --output json")]
pub(crate) struct Args {
    /// Only this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context.report(async |database| count(args, database).await).await
}

async fn count(args: &Args, database: &Database) -> Result<Stats, Failure> {
    let client = database.client().await?;
    let source_id = match &args.source {
        Some(name) => Some(names::source(&client, name).await?.source_id),
        None => None,
    };
    Ok(stats::totals(&**client, source_id).await?.into())
}

impl Report for Stats {
    fn write(&self, page: &mut Page) {
        let ReferenceCounts { active, removed } = self.references;
        page.fields([
            ("references", format!("{} active, {} removed", format::count(active), format::count(removed))),
            ("versions", format::count(self.versions)),
            ("revisions", format::count(self.revisions)),
            ("hand-offs", by_word(&self.handoffs)),
            ("runs", by_word(&self.runs)),
        ]);
    }
}

/// The counts that are not 0, as in `3 pending, 1 failed`.
pub(super) fn by_word(counts: &BTreeMap<String, u64>) -> String {
    let shown: Vec<String> = counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(word, count)| format!("{} {word}", format::count(*count)))
        .collect();
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}
