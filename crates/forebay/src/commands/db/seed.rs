//! `forebay db seed`: loads made-up data that shows every state.

use forebay_engine::seed::seed;
use forebay_store::connect::Database;
use forebay_views::DatabaseSeed;

use crate::{
    commands::stats::by_word,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, format},
};

/// Load made-up data that shows every state
///
/// Runs that are complete, partial, held, failed or aborted; hand-offs in each state; breakers open and half open; data
/// that is fresh, stale, failing or in progress; rejected records, drift, log lines and a re-key; a course with lessons
/// and scores; workers alive and dead. Its sources have names that begin with `seed.`, its course is one of the project
/// `seed`, and nothing else is changed. A second time, nothing is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay db seed
  forebay db seed --yes
  forebay db export --supabase supabase/migrations --seed")]
pub(crate) struct Args {
    /// Load it into a database that holds other data
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let target = context.target()?;
    let load = async |database: &Database| Ok(seed(database, target, args.yes).await?.into());
    Box::pin(context.report::<DatabaseSeed>(load)).await
}

impl Report for DatabaseSeed {
    fn write(&self, page: &mut Page) {
        let what = if self.is_new { "loaded" } else { "nothing to do; the made-up data is there:" };
        page.line(&format!("{what} {}", format::counted(self.sources.len() as u64, "source")));
        page.fields([
            ("sources", self.sources.join(", ")),
            ("references", format::count(self.num_references)),
            ("runs", by_word(&self.runs)),
            ("hand-offs", by_word(&self.handoffs)),
        ]);
        page.line(
            "look at it: forebay runs list, forebay handoffs counts, forebay sources list, forebay freshness, forebay \
             doctor",
        );
    }
}
