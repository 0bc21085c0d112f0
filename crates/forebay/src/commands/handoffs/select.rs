//! The hand-off filters that all operations share.

use forebay_domain::handoff::State;
use forebay_store::{
    connect::Client,
    handoffs::{self, Mode, Operation, Selection},
    pauses,
};
use forebay_views::Operated;
use jiff::Timestamp;

use super::report_operated::exit;
use crate::{
    cli::{moment::past, values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    names,
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
    /// The selection of these filters. Errors: `no_filter`, and those of unknown names.
    async fn selection(&self, client: &Client) -> Result<Selection, Failure> {
        let is_narrowed = self.pipeline.is_some()
            || self.source.is_some()
            || self.state.is_some()
            || self.reason_code.is_some()
            || self.failure_code.is_some()
            || self.since.is_some()
            || self.until.is_some()
            || !self.reference.is_empty();
        if !is_narrowed {
            return Err(Failure::usage("no_filter", "no filter selects the hand-offs").hint(
                "give at least one filter, such as --pipeline NAME, --reason-code CODE or --since 2h",
            ));
        }
        names::pipelines(client, &self.pipeline).await?;
        if let Some(source) = &self.source {
            names::source(client, source).await?;
        }
        names::codes(client, self.reason_code.as_deref(), self.failure_code.as_deref()).await?;
        let mut reference_ids = Vec::new();
        for name in &self.reference {
            reference_ids.push(names::reference(client, name).await?.reference_id);
        }
        Ok(Selection {
            pipeline: self.pipeline.clone(),
            source: self.source.clone(),
            state: self.state,
            reason_code: self.reason_code.clone(),
            failure_code: self.failure_code.clone(),
            reference_ids,
            since: self.since,
            until: self.until,
            limit: self.limit,
        })
    }

    /// Applies an operation to the selected hand-offs, and prints the result.
    pub(super) async fn operate(&self, operation: Operation, context: &Context) -> Result<Exit, Failure> {
        let (operated, pauses) = context
            .with_database(async |database| {
                let mut client = database.client().await?;
                let selection = self.selection(&client).await?;
                let operated =
                    handoffs::operate(&mut client, operation, &selection, self.mode(), &self.why.actor())
                        .await?;
                Ok((operated, pauses::list(&**client, self.pipeline.as_deref()).await?))
            })
            .await?;
        let report = Operated::new(operation, self.mode(), operated, pauses);
        context.ui.show(&report)?;
        Ok(exit(&report))
    }

    /// Whether to make changes.
    fn mode(&self) -> Mode {
        if self.dry_run { Mode::DryRun } else { Mode::Act }
    }
}
