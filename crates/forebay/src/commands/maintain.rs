//! `forebay maintain`: partitions of the next months, and deleting what is past its retention.

use forebay_engine::maintenance::{self, Mode, Retention};
use forebay_store::connect::Database;
use forebay_views::Maintained;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// Prepare the tables of the next months, and delete what is past its retention
///
/// Workers do this every hour: schedule the command on databases without one. Creates the partitions of this month and
/// the next two, and drops the months of logs past their retention. The audit trail is kept for at least a year.
/// Revisions and measurements are never deleted. Safe to run at any time.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay maintain
  forebay maintain --dry-run
  forebay maintain --retention 90d --delivery-retention forever")]
pub(crate) struct Args {
    /// How long to keep replaced versions, failed attempts and run logs, or forever
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = values::duration_or_forever)]
    pub(crate) retention: values::Unless,

    /// How long to keep the log of webhooks' deliveries, or forever
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = values::duration_or_forever)]
    pub(crate) delivery_retention: values::Unless,

    /// Show what would be created, dropped and deleted, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let maintained = context.with_database(async |database| maintain(args, database).await).await?;
    let exit = if maintained.error.is_some() { Exit::Failed } else { Exit::Done };
    context.ui.show(&maintained)?;
    Ok(exit)
}

async fn maintain(args: &Args, database: &Database) -> Result<Maintained, Failure> {
    let retention = Retention { history: args.retention.get(), deliveries: args.delivery_retention.get() };
    let mode = if args.dry_run { Mode::Count } else { Mode::Delete };
    let done = maintenance::maintain(database, retention, mode).await?;
    let error = done.error.as_ref().map(|error| Failure::from(error).view());
    Ok(Maintained::new(done, args.dry_run, error))
}

impl Report for Maintained {
    fn write(&self, page: &mut Page) {
        let months = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        let [created, dropped, deleted] = if self.is_dry_run {
            ["to create", "to drop", "to delete"]
        } else {
            ["created", "dropped", "deleted"]
        };
        let counts = [
            (self.num_handoffs, "replaced hand-off or attempt", "replaced hand-offs and attempts"),
            (self.num_deliveries, "delivery", "deliveries"),
            (self.num_pages, "page", "pages"),
            (self.num_breaker_changes, "breaker change", "breaker changes"),
            (self.num_notifications, "notification", "notifications"),
            (self.num_actions, "entry of the audit trail", "entries of the audit trail"),
            (self.num_requests, "request", "requests"),
            (self.num_workers, "dead worker", "dead workers"),
        ];
        let counts = counts.map(|(number, one, many)| {
            format!("{} {}", format::count(number), if number == 1 { one } else { many })
        });
        page.fields([
            (created, months(&self.created)),
            (dropped, months(&self.dropped)),
            (deleted, counts.join(", ")),
        ]);
        if let Some(error) = &self.error {
            page.toned(Tone::Bad, &format!("no month was dropped: {}", error.message));
        }
        if self.timescaledb.is_some() {
            page.line("TimescaleDB can archive logs beyond their retention: see docs/guides/maintenance.md");
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Maintain {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Maintain { args } = Maintain::parse_from(["maintain"]);
        let given = Retention { history: args.retention.get(), deliveries: args.delivery_retention.get() };
        assert_eq!(given, Retention::default());
    }
}
