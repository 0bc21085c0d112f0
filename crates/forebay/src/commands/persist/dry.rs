//! `--dry-run` of `persist` and `scrape`: what runs would do.

use forebay_domain::run::RunStatus;
use forebay_engine::persist::{PersistRequest, dry_run};
use forebay_sources::ReadOptions;
use forebay_store::connect::Database;
use forebay_views::{DryRun, DryRunReport};

use super::{Args, input};
use crate::{
    commands::signals::until_signal,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// Reads the inputs one after another and says what their runs would do. Each is compared with what is stored now.
pub(super) async fn run(
    args: &Args,
    context: &Context,
    request: &PersistRequest,
    options: &ReadOptions,
) -> Result<Exit, Failure> {
    let dry_runs = context
        .with_database(async |database| until_signal(Box::pin(read(args, database, request, options))).await)
        .await?;
    show(context, &DryRunReport { dry_runs })
}

async fn read(
    args: &Args,
    database: &Database,
    request: &PersistRequest,
    options: &ReadOptions,
) -> Result<Vec<DryRun>, Failure> {
    let mut dry_runs = Vec::new();
    if !args.command.is_empty() {
        let input = input::program(&args.command, &args.source, &request.scope, options.clone());
        dry_runs.push(DryRun::from(dry_run(database, request.clone(), input).await?));
    }
    for file in &args.files {
        let (input, _) = input::open(file, options.clone())?;
        dry_runs.push(DryRun::from(dry_run(database, request.clone(), input).await?));
    }
    Ok(dry_runs)
}

/// Prints dry runs. Returns the exit code that their runs would have.
pub(crate) fn show(context: &Context, report: &DryRunReport) -> Result<Exit, Failure> {
    context.ui.show(report)?;
    Ok(Exit::of_runs(report.dry_runs.iter().map(|run| run.status.as_str())))
}

impl Report for DryRunReport {
    fn write(&self, page: &mut Page) {
        for run in &self.dry_runs {
            let subject = format::subject(&run.source, &run.scope);
            let tone = if run.status == RunStatus::Complete.as_str() { Tone::Good } else { Tone::Warning };
            page.toned(
                tone,
                &format!("{} into {subject} would be {}; nothing was written", run.input, run.status),
            );
            let counts = [
                ("seen", run.counts.num_seen),
                ("to add", run.counts.num_added),
                ("to update", run.counts.num_updated),
                ("unchanged", run.counts.num_unchanged),
                ("to remove", run.counts.num_removed),
                ("to restore", run.counts.num_restored),
                ("duplicate", run.counts.num_duplicate),
                ("to reject", run.counts.num_rejected),
                ("of these withheld", run.num_withheld),
            ];
            let shown: Vec<String> = counts
                .into_iter()
                .filter(|(name, count)| *count > 0 || *name == "seen")
                .map(|(name, count)| format!("{} {name}", format::count(count)))
                .collect();
            page.line(&format!("  {}", shown.join(", ")));
            for message in &run.messages {
                page.line(&format!("  {}", format::plain(message)));
            }
            for sample in &run.samples {
                let fields = format::field_names(&sample.field_names);
                page.line(&format!("    {:8}  {}{fields}", sample.change, format::plain(&sample.record_key)));
            }
        }
    }
}
