//! `forebay content list`: the stored courses.

use forebay_store::content;
use forebay_views::{CourseSummary, Page};

use super::{course::project, persistence::with_database};
use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
};

/// List the stored courses of a project
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay content list
  forebay content list --project academy --output json")]
pub(crate) struct Args {
    /// The project [default: `content.project`, else default]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) project: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let project = project(args.project.as_deref(), context)?;
    let listed = with_database(context, async |database| {
        let client = database.client().await?;
        Ok(content::list(&**client, &project).await?)
    });
    let items = listed.await?.into_iter().map(CourseSummary::from).collect();
    context.ui.show(&Page { items, next: None })?;
    Ok(Exit::Done)
}
