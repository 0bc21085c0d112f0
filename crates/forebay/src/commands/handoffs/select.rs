//! The hand-off filters that all operations share.

use forebay_domain::handoff::State;
use forebay_store::handoffs::{Mode, Operation};
use forebay_views::decide::handoffs::{Filter, operate, selection};
use jiff::Timestamp;

use super::report_operated::exit;
use crate::{
    cli::{moment::past, values, why::Why},
    context::Context,
    failure::{Exit, Failure},
};

/// Which hand-offs; at least one filter is required
#[derive(Debug, clap::Args)]
pub(super) struct Filters {
    /// Only this pipeline
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pipeline: Option<String>,

    /// Only references of this source
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    source: Option<String>,

    /// Only this state
    #[arg(long, value_name = "STATE", value_parser = values::word::<State>())]
    state: Option<State>,

    /// Only this reason code, or this failure code of the last attempt
    #[arg(long, value_name = "CODE", value_parser = values::name)]
    reason_code: Option<String>,

    /// Only this failure code of the last attempt, such as `webhook_gone`
    #[arg(long, value_name = "CODE", value_parser = values::name)]
    failure_code: Option<String>,

    /// Only hand-offs that ended (or, if open, were queued) since this time or within this span (`2h`, `3d`)
    #[arg(long, value_name = "T", value_parser = past)]
    since: Option<Timestamp>,

    /// Only hand-offs that ended (or, if open, were queued) before this time or longer ago than this span
    #[arg(long, value_name = "T", value_parser = past)]
    until: Option<Timestamp>,

    /// Only this reference: `NAME/RECORD_KEY` or its UUID; repeatable
    #[arg(long, value_name = "REFERENCE", value_parser = values::name)]
    reference: Vec<String>,

    /// Maximum number of hand-offs to change
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// Show what would change, without changing it
    #[arg(short = 'n', long)]
    dry_run: bool,

    #[command(flatten)]
    why: Why,
}

impl Filters {
    /// Applies an operation to the selected hand-offs, and prints the result.
    pub(super) async fn operate(&self, operation: Operation, context: &Context) -> Result<Exit, Failure> {
        let report = context
            .with_database(async |database| {
                let selection = selection(&database.client().await?, self.filter()).await?;
                let by = self.why.actor();
                operate(database, operation, &selection, self.mode(), &by, &|_| true).await
            })
            .await?;
        context.ui.show(&report)?;
        Ok(exit(&report))
    }

    fn filter(&self) -> Filter {
        Filter {
            pipeline: self.pipeline.clone(),
            source: self.source.clone(),
            state: self.state,
            reason_code: self.reason_code.clone(),
            failure_code: self.failure_code.clone(),
            since: self.since,
            until: self.until,
            references: self.reference.clone(),
            limit: self.limit,
        }
    }

    /// Whether to make changes.
    fn mode(&self) -> Mode {
        if self.dry_run { Mode::DryRun } else { Mode::Act }
    }
}
