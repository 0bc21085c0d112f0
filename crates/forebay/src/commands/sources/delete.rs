//! `forebay sources delete`: deletes a source with everything that is stored about it.

use forebay_engine::source::delete;
use forebay_store::stats::Totals;
use forebay_views::{SourceDeleted, Stats};

use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{Page, Report, format},
};

/// Delete a source with everything that is stored about it
///
/// Deletes its references with their history and hand-offs, its runs and logs, and its documents for search. Rows that
/// pipelines wrote into your own tables stay. Asks for confirmation; without a terminal, --yes is required.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources delete courses --dry-run
  forebay sources delete courses
  forebay sources delete courses --yes")]
pub(crate) struct Args {
    /// Name of the source
    #[arg(value_name = "NAME", value_parser = values::name)]
    source: String,

    /// Show what would be deleted without deleting anything
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Skip the confirmation
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Args { source, dry_run, yes, why } = args;
    let totals = context
        .with_database(async |database| {
            names::source(&database.client().await?, source).await?;
            let planned = delete(database, source, true, &why.actor()).await?;
            if *dry_run {
                return Ok(planned);
            }
            if !yes {
                let loss = format!("this deletes the source {source} with {}", stored(&planned));
                context.ui.confirm(&format!("{loss}; it cannot be undone"))?;
            }
            Ok(delete(database, source, false, &why.actor()).await?)
        })
        .await?;
    let deleted =
        SourceDeleted { source: source.clone(), is_dry_run: *dry_run, deleted: Stats::from(totals) };
    context.ui.show(&deleted)?;
    Ok(Exit::Done)
}

/// What is stored about a source, in words.
fn stored(totals: &Totals) -> String {
    words(
        [totals.num_active, totals.num_removed],
        [totals.num_versions, totals.num_revisions],
        totals.runs.values().sum(),
        totals.handoffs.values().sum(),
    )
}

fn words([active, removed]: [u64; 2], [versions, revisions]: [u64; 2], runs: u64, handoffs: u64) -> String {
    format!(
        "{} active and {}, {}, {}, {} and {}",
        format::count(active),
        format::counted(removed, "removed reference"),
        format::counted(versions, "version"),
        format::counted(revisions, "revision"),
        format::counted(runs, "run"),
        format::counted(handoffs, "hand-off"),
    )
}

impl Report for SourceDeleted {
    fn write(&self, page: &mut Page) {
        let Stats { references, versions, revisions, handoffs, runs } = &self.deleted;
        let is = if self.is_dry_run { "would delete" } else { "deleted" };
        let stored = words(
            [references.active, references.removed],
            [*versions, *revisions],
            runs.values().sum(),
            handoffs.values().sum(),
        );
        page.line(&format!("{is} {} with {stored}", self.source));
        page.line(&format!(
            "If forebay.toml has [sources.{}], the next command declares it again; rows in your own tables stay.",
            self.source
        ));
    }
}
