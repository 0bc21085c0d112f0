//! `forebay content`: folders of generated courses, kept equal to the database.

mod brief;
mod course;
mod curriculum;
mod diff;
mod generate;
mod lesson;
mod lessons;
mod list;
mod listed;
mod outcome;
mod persistence;
mod report;
mod report_course;
mod report_database;
mod report_stages;
mod report_versions;
mod research;
mod restore;
mod search;
mod serve_stdio;
mod show;
mod status;
mod sync;
mod tag;
mod validate;
mod verify;
mod voice;
mod watch;
mod writing;

pub(crate) use self::course::project;
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Brief(brief::Args),
    Research(research::Args),
    /// Check and approve the curriculum of a course
    #[command(
        subcommand,
        after_help = "Examples:\n  forebay content curriculum check outputs/courses/rust-basics\n  \
                      forebay content curriculum approve outputs/courses/rust-basics --by Ada"
    )]
    Curriculum(curriculum::Command),
    Generate(generate::Args),
    Lesson(lesson::Args),
    Lessons(lessons::Args),
    Validate(validate::Args),
    Voice(voice::Args),
    Sync(sync::Args),
    Verify(verify::Args),
    Watch(watch::Args),
    Restore(restore::Args),
    ServeStdio(serve_stdio::Args),
    List(list::Args),
    Show(show::Args),
    Status(status::Args),
    Diff(diff::Args),
    Tag(tag::Args),
    Search(search::Args),
}

/// Runs a subcommand.
pub(crate) async fn run(command: &Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Brief(args) => brief::run(args, context).await,
        Command::Research(args) => research::run(args, context).await,
        Command::Curriculum(command) => curriculum::run(command, context).await,
        Command::Lesson(args) => lesson::run(args, context).await,
        Command::Lessons(args) => lessons::run(args, context).await,
        Command::Validate(args) => validate::run(args, context).await,
        Command::Voice(args) => voice::run(args, context).await,
        Command::Generate(args) => Box::pin(generate::run(args, context)).await,
        Command::Sync(args) => sync::run(args, context).await,
        Command::Watch(args) => Box::pin(watch::run(args, context)).await,
        Command::Verify(args) => verify::run(args, context).await,
        Command::Restore(args) => restore::run(args, context).await,
        Command::ServeStdio(args) => Box::pin(serve_stdio::run(args, context)).await,
        Command::List(args) => list::run(args, context).await,
        Command::Show(args) => show::run(args, context).await,
        Command::Status(args) => status::run(args, context).await,
        Command::Diff(args) => diff::run(args, context).await,
        Command::Tag(args) => tag::run(args, context).await,
        Command::Search(args) => search::run(args, context).await,
    }
}
