//! `forebay notify list`: the receivers of notifications, and what waits for them or failed.

use clap::value_parser;
use forebay_store::{
    connect::Database,
    notifications::{self, outbox},
};
use forebay_views::{Notification, NotifierList, NotifierState};

use crate::{
    config::Config,
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, Tone, format, table::Column},
};

/// List receivers, the problems that they report now, and notifications that wait or failed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay notify list
  forebay notify list --all --limit 100")]
pub(crate) struct Args {
    /// Also list notifications that were accepted
    #[arg(long)]
    all: bool,

    /// Maximum number of notifications, newest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    context.report(async |database| read(args, &config, database).await).await
}

async fn read(args: &Args, config: &Config, database: &Database) -> Result<NotifierList, Failure> {
    let notifying = config.notifying();
    let client = database.client().await?;
    let mut notifiers = Vec::new();
    for row in notifications::list(&**client).await? {
        let alerts = notifications::alerts(&**client, row.notifier_id).await?;
        notifiers.push(NotifierState::new(row, alerts, &notifying));
    }
    for own in &notifying.notifiers {
        if !notifiers.iter().any(|known| known.is_declared && known.notifier == own.name) {
            let (kind, project) = (own.kind().as_str(), notifying.project.as_deref());
            notifiers.push(NotifierState::unserved(&own.name, kind, project));
        }
    }
    let rows = outbox::list(&**client, args.all, args.limit).await?;
    Ok(NotifierList { notifiers, notifications: rows.into_iter().map(Notification::from).collect() })
}

impl Report for NotifierList {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("notifier"),
            Column::text("kind"),
            Column::text("project").minor(),
            Column::number("problems"),
            Column::number("waiting"),
            Column::number("failed"),
            Column::text("last accepted, UTC"),
            Column::code("failure_code"),
        ]);
        for one in &self.notifiers {
            let tone = match (&one.failure_code, one.observed_at) {
                (Some(_), _) => Tone::Bad,
                (None, None) => Tone::Faint,
                (None, Some(_)) => Tone::Good,
            };
            let cells = [
                format::plain(&one.notifier),
                one.kind.clone(),
                one.project.as_deref().map_or_else(format::none, format::plain),
                format::count(one.firing.len() as u64),
                format::count(one.num_waiting),
                format::count(one.num_failed),
                one.succeeded_at.map_or_else(format::none, |at| format::minute(at.get())),
                one.failure_code.clone().unwrap_or_else(format::none),
            ];
            table.toned_row(tone, cells);
        }
        page.table(&table, "no notifiers; [notify.NAME] in the configuration declares one");
        if self.notifiers.iter().any(|one| one.is_declared && one.observed_at.is_none()) {
            page.line("no worker serves some of them yet: forebay work");
        }
        if self.notifications.is_empty() {
            return;
        }
        page.heading("Notifications");
        for one in &self.notifications {
            let tone = match &*one.state {
                "failed" => Tone::Bad,
                "retrying" => Tone::Warning,
                "succeeded" => Tone::Good,
                _ => Tone::Faint,
            };
            let created = format::minute(one.created_at.get());
            let line = format!("{created}  {}  {}  {}", one.notifier, one.state, format::plain(&one.title));
            page.toned(tone, &line);
            if let (Some(code), Some(message)) = (&one.failure_code, &one.message) {
                let attempts = format::counted(one.num_attempts.into(), "attempt");
                page.line(&format!("  {code} after {attempts}: {}", format::plain(message)));
            }
            if let Some(at) = one.next_attempt_at.filter(|_| one.state == "retrying") {
                page.line(&format!("  next attempt {}", format::timestamp(at.get())));
            }
        }
    }
}
