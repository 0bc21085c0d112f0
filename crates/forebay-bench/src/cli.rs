//! The command line: one subcommand for each benchmark, and hidden ones for the parts that run as processes of their
//! own.

use clap::{Parser, Subcommand};

use crate::{
    chaos, content,
    context::{Context, Globals},
    ensure,
    failure::{Exit, Failure},
    handoff, log, persist, scrape, serve,
};

/// Measure Forebay on this machine against its budgets
///
/// Absolute values depend on the machine; compare ratios. Benchmarks create and drop a database of their own on the
/// configured server. With no database configured they use Forebay's private Postgres.
#[derive(Parser)]
#[command(name = "forebay-bench", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  forebay-bench persist --rows 300000
  forebay-bench chaos --seconds 600 --output json

Exit codes:
  0  done; a ratio below its budget is shown, not an error
  1  the benchmark failed, or chaos lost something
  2  wrong usage, or a peer was not found
  4  the database cannot be reached";

/// Every benchmark, in the order of the help, and then the parts.
#[derive(Subcommand)]
enum Command {
    Persist(persist::Args),
    Handoff(handoff::Args),
    Scrape(scrape::Args),
    Ensure(ensure::Args),
    Content(content::Args),
    Serve(serve::Args),
    Chaos(chaos::Args),
    #[command(hide = true)]
    Callers(ensure::CallersArgs),
    #[command(hide = true)]
    Crawl(scrape::CrawlArgs),
    #[command(hide = true)]
    Lesson(content::LessonArgs),
    #[command(hide = true)]
    Site(scrape::SiteArgs),
    #[command(hide = true)]
    Worker(chaos::WorkerArgs),
}

/// Runs one benchmark, or one part of it, and prints its result.
pub(crate) async fn run(cli: Cli) -> Exit {
    let filter = cli.globals.log_level.clone().filter(|filter| !filter.trim().is_empty());
    let context = Context::new(cli.globals);
    if let Some(Err(failure)) = filter.as_deref().map(log::start) {
        return context.output.fail(&failure);
    }
    let report = match cli.command {
        Command::Persist(args) => persist::run(&args, &context).await,
        Command::Handoff(args) => handoff::run(&args, &context).await,
        Command::Scrape(args) => scrape::run(&args, &context).await,
        Command::Ensure(args) => ensure::run(&args, &context).await,
        Command::Content(args) => content::run(&args, &context).await,
        Command::Serve(args) => Box::pin(serve::run(&args, &context)).await,
        Command::Chaos(args) => Box::pin(chaos::run(&args, &context)).await,
        part => {
            return match run_part(part, &context).await {
                Ok(()) => Exit::Done,
                Err(failure) => context.output.fail(&failure),
            };
        }
    };
    match report.and_then(|report| context.output.show(&report).map(|()| report.has_failed)) {
        Ok(false) => Exit::Done,
        Ok(true) => Exit::Failed,
        Err(failure) => context.output.fail(&failure),
    }
}

async fn run_part(part: Command, context: &Context) -> Result<(), Failure> {
    match part {
        Command::Callers(args) => ensure::callers(&args, context).await,
        Command::Crawl(args) => scrape::crawl(&args).await,
        Command::Site(args) => scrape::site(&args).await,
        Command::Lesson(args) => Ok(content::print_lesson(&args)?),
        Command::Worker(args) => chaos::worker(&args, context).await,
        Command::Persist(_)
        | Command::Handoff(_)
        | Command::Scrape(_)
        | Command::Ensure(_)
        | Command::Content(_)
        | Command::Serve(_)
        | Command::Chaos(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }
}
