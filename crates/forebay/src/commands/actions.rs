//! `forebay actions`: the audit trail.

use forebay_store::actions::{ActionFilter, ActionName};
use forebay_views::{OperatorAction, Page, read};
use jiff::Timestamp;

use crate::{
    cli::{moment::past, values},
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, format, table::Column},
};

/// Show who changed what, when and why, newest first
///
/// Every decision about runs, hand-offs, pipelines, breakers, sources, workers, configurations and tokens is in this
/// list, whether it came from the command line, MCP or HTTP. Give the reason with `--reason` of the command. What
/// Forebay does by itself has its own trails: `runs list`, `handoffs show`, `sources breaker show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay actions
  forebay actions --source courses --since 7d
  forebay actions --actor ada --action run_released")]
pub(crate) struct Args {
    /// Only what concerns this source, also through its runs and hand-offs; a deleted source too
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    source: Option<String>,

    /// Only actions of this person or program
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    actor: Option<String>,

    /// Only this kind of action
    #[arg(long, value_name = "ACTION", value_parser = values::word::<ActionName>())]
    action: Option<ActionName>,

    /// Only actions since this time or within this span (`2h`, `3d`)
    #[arg(long, value_name = "T", value_parser = past)]
    since: Option<Timestamp>,

    /// Start after this cursor: `next` of the previous page
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,

    /// Maximum number of actions, newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let filter = ActionFilter {
        source: args.source.clone(),
        actor: args.actor.clone(),
        action: args.action,
        target: None,
        since: args.since,
        before: None,
        limit: i64::from(args.limit),
    };
    let page = context
        .with_database(async |database| {
            read::actions::page(&database.client().await?, filter, args.after.as_deref()).await
        })
        .await?;
    context.ui.show_page(&page)?;
    Ok(Exit::Done)
}

impl Report for Page<OperatorAction> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("when, UTC"),
            Column::text("who"),
            Column::code("action"),
            Column::text("target"),
            Column::number("touched"),
            Column::text("why"),
            Column::text("from").minor(),
        ]);
        for action in &self.items {
            table.row([
                format::minute(action.acted_at.get()),
                format::plain(&action.actor),
                action.action.clone(),
                format::plain(&target(action)),
                format::count(action.num_touched),
                action.reason.as_deref().map_or_else(format::none, format::plain),
                format::plain(&match &action.from {
                    Some(from) => format!("{}, {from}", action.skin),
                    None => action.skin.clone(),
                }),
            ]);
        }
        page.table(&table, "no actions");
    }
}

/// `run 7 of courses`, `handoffs search`, `source courses`.
fn target(action: &OperatorAction) -> String {
    let OperatorAction { target_kind, target, source, .. } = action;
    let kind = target_kind.replace('_', " ");
    let name = format!("{kind} {target}");
    match source {
        Some(source) if source != target => format!("{} of {source}", name.trim_end()),
        _ => name.trim_end().to_owned(),
    }
}
