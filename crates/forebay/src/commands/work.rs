//! `forebay work`: the ingestion workers.

mod report;
mod signals;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use forebay_engine::work::{PipelineReport, WorkOptions, drain, follow};
use forebay_store::{
    connect::Database,
    handoffs, jobs,
    pipelines::{self, Pipeline},
};

use self::{report::Report, signals::Signals};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names, ui,
};

/// Ingest what has been handed off
///
/// Works until it is stopped; Ctrl-C lets the work under way finish.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay work
  forebay work --drain
  forebay work --pipeline search --pipeline course_table")]
pub(crate) struct Args {
    /// Stop when nothing is left to do
    #[arg(long)]
    pub(crate) drain: bool,

    /// Work for this pipeline only; may be repeated [default: all that are enabled]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Vec<String>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let report = context.with_database(async |database| work(args, context, database).await).await?;
    context.ui.show(&report)?;
    Ok(if report.is_done() { Exit::Done } else { Exit::Failed })
}

async fn work(args: &Args, context: &Context, database: &Database) -> Result<Report, Failure> {
    context.declare_pipelines(database).await?;
    let client = database.client().await?;
    names::pipelines(&client, &args.pipeline).await?;
    let is_chosen = |p: &Pipeline| args.pipeline.is_empty() || args.pipeline.contains(&p.spec.name);
    let chosen: Vec<Pipeline> = pipelines::list(&**client).await?.into_iter().filter(is_chosen).collect();
    let since = handoffs::now(&**client).await?;
    let started = Instant::now();
    // Held through hours of waiting, it would be one connection less for everybody.
    drop(client);

    let options = WorkOptions { pipelines: args.pipeline.clone(), ..WorkOptions::default() };
    let bar = context.ui.progress("ingesting", None);
    let claimed = Mutex::new(BTreeMap::new());
    let progress = |so_far: &PipelineReport| show_progress(&bar, &claimed, so_far);
    let done = if args.drain {
        drain(database, &options, &progress).await?
    } else {
        let enabled: Vec<&str> =
            chosen.iter().filter(|p| p.spec.enabled).map(|p| p.spec.name.as_str()).collect();
        context.ui.note(&format!(
            "working for {}; Ctrl-C ends it after the batch under way",
            if enabled.is_empty() { "no pipeline".to_owned() } else { enabled.join(", ") }
        ));
        let (mut first, mut second) = (Signals::listen()?, Signals::listen()?);
        let impatient = async {
            second.next().await;
            second.next().await;
        };
        tokio::select! {
            done = follow(database, &options, &progress, first.next()) => done?,
            () = impatient => {
                return Err(Failure::new("interrupted", "stopped in the middle of a batch")
                    .hint("nothing of that batch is done or lost: it waits as before"));
            }
        }
    };
    drop(bar);

    let client = database.client().await?;
    let mut report = Report::new(done, started.elapsed());
    for pipeline in chosen.iter().filter(|pipeline| !pipeline.spec.enabled) {
        report.add_disabled(&pipeline.spec.name, &jobs::backlog(&**client, pipeline.pipeline_id).await?);
    }
    for failures in handoffs::failures_since(&**client, since).await? {
        report.add_failures(failures);
    }
    Ok(report)
}

fn show_progress(bar: &ui::Progress, claimed: &Mutex<BTreeMap<String, u64>>, so_far: &PipelineReport) {
    // A count is never half written, so one that a panic left behind is still right.
    let mut claimed = claimed.lock().unwrap_or_else(PoisonError::into_inner);
    claimed.insert(so_far.pipeline.clone(), so_far.num_claimed);
    bar.set(claimed.values().sum());
}
