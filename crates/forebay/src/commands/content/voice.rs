//! `forebay content voice`: records the voice score that another tool computed.

use forebay_domain::content::PersistMode;
use forebay_engine::content;
use forebay_views::{ContentPersisted, ContentVoice};

use super::{outcome::database_error, writing::WritingArgs};
use crate::{
    cli::values::Share,
    context::Context,
    failure::{Exit, Failure},
};

/// Record how well a course matches the voice of its persona
///
/// Forebay doesn't compute the score; pass what your own tool found.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content voice outputs/courses/rust-basics --score 0.93")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) writing: WritingArgs,

    /// The score, from 0 to 1
    #[arg(long, value_name = "SCORE")]
    pub(crate) score: Share,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let score = args.score.get();
    let persisted =
        args.writing.run(context, async |writer| content::record_voice(writer, score).await).await?;
    let database = ContentPersisted::new(persisted, database_error);
    let view = ContentVoice { voice_fidelity_score: score, database };
    let exit = args.writing.finish(context, &view, Some(&view.database), true)?;
    // Only the database has the score, so without it nothing is done. In shadow mode, errors are only reported.
    match &view.database.error {
        Some(error) if args.writing.persistence.mode(context)? == PersistMode::On => {
            let is_outage = error.code == "database_unreachable";
            Ok(if is_outage { Exit::DatabaseUnreachable } else { Exit::Failed })
        }
        _ => Ok(exit),
    }
}
