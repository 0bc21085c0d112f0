//! `forebay content curriculum approve`: records who approved a curriculum, and when.

use forebay_engine::content;
use forebay_views::ContentApproval;

use super::super::{outcome::database_error, writing::WritingArgs};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// Approve a curriculum as it is now
///
/// Refuses a curriculum with errors and exits with 1. Earlier approvals are kept; `forebay content show`
/// lists them. An approval is recorded in the folder first; if the database misses it, the same command
/// again records it there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content curriculum approve outputs/courses/rust-basics --by 'Ada Lovelace'")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,

    /// Who approves it
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) by: String,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let approved = args
        .writing
        .run(context, async |writer| content::approve_curriculum(writer, args.by.trim()).await)
        .await?;
    let view = ContentApproval::new(approved, database_error);
    args.writing.finish(context, &view, Some(&view.database), view.approval.is_some())
}
