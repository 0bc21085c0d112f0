//! `forebay handoffs verify`: proves that no reference was lost, and repairs losses.

use std::{collections::BTreeSet, process::Stdio};

use clap::value_parser;
use forebay_domain::identity::ReferenceId;
use forebay_sources::environment;
use forebay_store::connect::Database;
use forebay_views::{
    Verified,
    decide::{self, pipelines::Verifying},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use super::report_verify::exit;
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names,
};

/// Verify that every reference reached ingestion
///
/// Every reference must be ingested, in progress, or stopped with a recorded reason. Targets in the same database are
/// compared, too. Exits with 1 if any reference is missing and wasn't repaired.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay handoffs verify
  forebay handoffs verify --pipeline search --repair
  forebay handoffs verify --limit 5000000
  forebay handoffs verify --pipeline hook --command -- ./list-ids.sh")]
pub(crate) struct Args {
    /// Only this pipeline [default: all enabled pipelines]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pipeline: Option<String>,

    /// Hand off missing references again
    #[arg(long)]
    repair: bool,

    /// Don't compare with the contents of targets in this database (handlers `documents` and `table`)
    #[arg(long)]
    records_only: bool,

    /// Check only the next N references of each pipeline, and print where to continue
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Continue after this reference id, where an earlier part ended
    #[arg(long, value_name = "ID")]
    from: Option<ReferenceId>,

    /// Compare with the reference ids that the command after `--` prints, one per line
    #[arg(long, requires = "pipeline", requires = "words", conflicts_with = "records_only")]
    command: bool,

    /// Command and its arguments
    #[arg(last = true, value_name = "CMD", requires = "command")]
    words: Vec<String>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.command {
        // The program must not get the secrets that the file names, even if the file doesn't name the database.
        context.config_file()?;
    }
    let report = context.with_database(async |database| verify(args, database).await).await?;
    context.ui.show(&report)?;
    Ok(exit(&report))
}

async fn verify(args: &Args, database: &Database) -> Result<Verified, Failure> {
    let listed = if args.command {
        names::pipelines(&database.client().await?, &args.pipeline).await?;
        Some(listed(&args.words).await?)
    } else {
        None
    };
    let what = Verifying {
        pipeline: args.pipeline.clone(),
        repair: args.repair,
        records_only: args.records_only,
        limit: args.limit,
        from: args.from,
        listed,
    };
    decide::pipelines::verify(database, what).await
}

/// The ids that a command prints, one per line. Its standard error goes to the terminal, for the user.
async fn listed(words: &[String]) -> Result<BTreeSet<ReferenceId>, Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Failure::usage("no_command", "no command after --"));
    };
    let failed = |reason: String| Failure::new("command_failed", format!("{program}: {reason}"));
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment::of_programs())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed("it could not be started".to_owned()).because(&error))?;
    let mut ids = BTreeSet::new();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        let mut number = 0_u64;
        while let Some(line) = lines
            .next_line()
            .await
            .map_err(|error| failed("its output is not text".to_owned()).because(&error))?
        {
            number += 1;
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            let id = line.parse::<ReferenceId>().map_err(|error| {
                failed(format!("line {number} of its output is not a reference id"))
                    .because(&error)
                    .hint("print only reference ids, one per line")
            })?;
            ids.insert(id);
        }
    }
    let status = child
        .wait()
        .await
        .map_err(|error| failed("its exit status could not be read".to_owned()).because(&error))?;
    // With an incomplete list, the remaining references would look absent.
    if !status.success() {
        return Err(failed(format!("it exited with {status}")).hint("nothing was compared or repaired"));
    }
    Ok(ids)
}
