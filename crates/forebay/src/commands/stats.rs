//! `forebay stats`: totals of what is stored.

use std::collections::BTreeMap;

use forebay_views::{ReferenceCounts, Stats, read};

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
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
    context
        .report(async |database| read::stats::totals(&database.client().await?, args.source.as_deref()).await)
        .await
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
