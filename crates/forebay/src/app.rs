//! The whole command line: the list of subcommands, parsing, and dispatch.
//!
//! No other file may import this one. It names every command, so an import back would be a cycle.

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};
use tracing::level_filters::LevelFilter;

use crate::{
    cli::Globals,
    commands::{
        actions, adopt, changes, completions, config, content, db, demo, doctor, ensure, export, freshness,
        handoffs, history, init, list, maintain, mcp, notify, persist, pipelines, runs, scrape, search,
        serve, show, sources, stats, tokens, work, workers,
    },
    context::Context,
    failure::{Exit, Failure},
    ui::{Output, Ui},
};

/// Durable storage and change history for scrapers, on your own Postgres, with reliable hand-off to ingestion.
///
/// Without a configured database, Forebay runs a private Postgres in its data folder.
#[derive(Debug, Parser)]
#[command(name = "forebay", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  forebay persist courses.jsonl --source courses --key id --complete
  forebay work --drain

Exit codes:
  0    done
  1    the work failed
  2    wrong usage or configuration
  3    a run is held for review: the guards withhold some of its changes
  4    the database is unreachable
  5    a source is unavailable, and no stored data can be served
  6    a run is partial: part of its input is missing or unreadable; unseen records stay
  130  stopped by Ctrl-C or SIGTERM

Start here:
  forebay demo";

/// Every subcommand, in the order of the help.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Args),
    Init(init::Args),
    Persist(Box<persist::Args>),
    Adopt(adopt::Args),
    Scrape(scrape::Args),
    Ensure(ensure::Args),
    Freshness(freshness::Args),
    Work(work::Args),
    Search(search::Args),
    Show(show::Args),
    List(list::Args),
    Changes(changes::Args),
    History(history::Args),
    Stats(stats::Args),
    Export(export::Args),
    /// List, inspect, release and reject runs
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay runs list --status held\n  forebay runs show 7\n  forebay runs release 7"
    )]
    Runs(runs::Command),
    /// The same as `forebay runs rekey`
    #[command(hide = true)]
    Rekey(runs::RekeyArgs),
    /// List, retry, cancel and verify hand-offs to ingestion
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay handoffs counts\n  forebay handoffs list --state failed\n  forebay handoffs show courses/CSC-126"
    )]
    Handoffs(handoffs::Command),
    /// List workers, and release what dead ones have claimed
    #[command(after_help = "Examples:\n  forebay workers\n  forebay workers release web-1:4711:c3f0e")]
    Workers(workers::Args),
    Actions(actions::Args),
    /// Create, list and revoke the tokens of the API
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay tokens create --role viewer --name grafana --expires 90d\n  forebay tokens list\n  forebay tokens revoke grafana"
    )]
    Tokens(tokens::Command),
    /// List pipelines, and disable and enable them
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay pipelines list\n  forebay pipelines enable hook"
    )]
    Pipelines(pipelines::Command),
    /// List the receivers of notifications, and try them
    #[command(subcommand, after_help = "Examples:\n  forebay notify list\n  forebay notify test ops")]
    Notify(notify::Command),
    /// List, inspect and test sources
    #[command(subcommand, after_help = "Examples:\n  forebay sources list\n  forebay sources show courses")]
    Sources(sources::Command),
    /// Keep folders of generated courses and the database equal
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay content sync outputs/courses/rust-basics\n  forebay content verify outputs/courses/rust-basics"
    )]
    Content(content::Command),
    /// Check the configuration, apply it, and print its schema
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay config check\n  forebay config apply --prune --dry-run"
    )]
    Config(config::Command),
    /// Manage the database schema and the private Postgres
    #[command(subcommand, after_help = "Examples:\n  forebay db status\n  forebay db up\n  forebay db stop")]
    Db(db::Command),
    Maintain(maintain::Args),
    Serve(serve::Args),
    Mcp(mcp::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

impl Command {
    /// The default log level: a worker reports what it does, other commands only print their results.
    pub(crate) const fn log_level(&self, quiet: bool) -> LevelFilter {
        match self {
            Self::Work(_) | Self::Mcp(_) | Self::Serve(_) if quiet => LevelFilter::ERROR,
            Self::Work(_) | Self::Serve(serve::Args { work: true, .. }) => LevelFilter::INFO,
            Self::Mcp(_) | Self::Serve(_) => LevelFilter::WARN,
            // Other commands print their own results and warnings.
            _ => LevelFilter::OFF,
        }
    }
}

/// Runs one command.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Demo(args) => Box::pin(demo::run(&args, context)).await,
        Command::Init(args) => init::run(&args, context),
        Command::Persist(args) => persist::run(&args, context).await,
        Command::Adopt(args) => adopt::run(&args, context).await,
        Command::Show(args) => show::run(&args, context).await,
        Command::List(args) => list::run(&args, context).await,
        Command::Changes(args) => changes::run(&args, context).await,
        Command::History(args) => history::run(&args, context).await,
        Command::Stats(args) => stats::run(&args, context).await,
        Command::Export(args) => export::run(&args, context).await,
        Command::Pipelines(command) => pipelines::run(&command, context).await,
        Command::Notify(command) => notify::run(&command, context).await,
        Command::Sources(command) => sources::run(command, context).await,
        Command::Content(command) => Box::pin(content::run(&command, context)).await,
        Command::Config(command) => config::run(&command, context).await,
        Command::Db(command) => db::run(command, context).await,
        Command::Scrape(args) => scrape::run(&args, context).await,
        Command::Ensure(args) => ensure::run(&args, context).await,
        Command::Freshness(args) => freshness::run(&args, context).await,
        Command::Work(args) => work::run(&args, context).await,
        Command::Workers(args) => workers::run(&args, context).await,
        Command::Maintain(args) => maintain::run(&args, context).await,
        Command::Serve(args) => serve::run(&args, context).await,
        Command::Tokens(command) => tokens::run(&command, context).await,
        Command::Actions(args) => actions::run(&args, context).await,
        Command::Mcp(args) => mcp::run(&args, context).await,
        Command::Doctor(args) => doctor::run(&args, context).await,
        Command::Search(args) => search::run(&args, context).await,
        Command::Runs(command) => runs::run(&command, context).await,
        Command::Rekey(args) => runs::run(&runs::Command::Rekey(args), context).await,
        Command::Handoffs(command) => handoffs::run(&command, context).await,
        Command::Completions(args) => completions::run(&args, &mut Cli::command(), context),
    }
}

/// Parses the process's arguments. Help, version and usage errors are already printed when this returns an error.
pub(crate) fn parse() -> Result<Cli, Exit> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    Cli::try_parse_from(&arguments).map_err(|error| {
        let is_answer = error.exit_code() == 0;
        let text = error.render().to_string();
        match text.strip_prefix("error:") {
            Some(_) if wants_json(&arguments) => Ui::new(Output::Json, true).fail(&usage_failure(&error)),
            // clap's text, with a code like every other error.
            Some(rest) => {
                Ui::new(Output::Human, false).note(format!("error[usage]:{rest}").trim_end());
                Exit::Usage
            }
            None => {
                // Help or version. If it cannot be printed, an error could not be printed either.
                let _ = error.print();
                if is_answer { Exit::Done } else { Exit::Usage }
            }
        }
    })
}

/// Whether the arguments ask for JSON, checked by hand because they did not parse.
fn wants_json(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--output=json")
        || arguments.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json")
}

/// Turns clap's error (message, tips, usage; an empty line between them) into a failure.
fn usage_failure(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let message: Vec<_> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    Failure::usage("usage", message.join(" ").trim_start_matches("error: ")).hint(tip.unwrap_or("see --help"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn json_is_noticed_in_arguments_that_do_not_parse() {
        let wants = |line: &str| wants_json(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(wants("forebay --output json nonsense"));
        assert!(wants("forebay nonsense --output=json"));
        assert!(!wants("forebay persist -- --output=json"));
        assert!(!wants("forebay --output human nonsense"));
    }
}
