//! `forebay sources rename`: renames a source without references.

use forebay_engine::source::rename;
use forebay_views::SourceRenamed;

use crate::{
    cli::{values, why::Why},
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{Page, Report},
};

/// Rename a source that has no references yet
///
/// The ids of references are computed from the name of their source, so a source with references keeps its name: under
/// another one, every record would be a new reference without its history.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources rename corses courses")]
pub(crate) struct Args {
    /// Name of the source so far
    #[arg(value_name = "OLD", value_parser = values::name)]
    from: String,

    /// Name of the source from now on
    #[arg(value_name = "NEW", value_parser = values::name)]
    to: String,

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Args { from, to, why } = args;
    context
        .with_database(async |database| {
            names::source(&database.client().await?, from).await?;
            Ok(rename(database, from, to, &why.actor()).await?)
        })
        .await?;
    context.ui.show(&SourceRenamed { from: from.clone(), to: to.clone() })?;
    Ok(Exit::Done)
}

impl Report for SourceRenamed {
    fn write(&self, page: &mut Page) {
        page.line(&format!("{} is now {}; rename it in forebay.toml too", self.from, self.to));
    }
}
