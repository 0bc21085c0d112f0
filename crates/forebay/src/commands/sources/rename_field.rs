//! `forebay sources rename-field`: renames a field, with its history.

use forebay_engine::source::rename_field;
use forebay_views::FieldRenamed;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{Page, Report, format},
};

/// Rename a field of a source in everything that is stored
///
/// For a site that renames a column: the next run finds its records unchanged, and the field has one history. Renames
/// it in payloads, revisions, coverage, key fields and field rules. Nothing is handed off again. Only for top-level
/// fields, and only while no run of the source is in progress or held.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay sources rename-field schools 'Registration Number' Registration_Number --dry-run
  forebay sources rename-field schools 'Registration Number' Registration_Number")]
pub(crate) struct Args {
    /// Name of the source
    #[arg(value_name = "NAME", value_parser = values::name)]
    source: String,

    /// Name of the field so far
    #[arg(value_name = "OLD")]
    from: String,

    /// Name of the field from now on
    #[arg(value_name = "NEW")]
    to: String,

    /// Show what would be renamed without writing anything
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Args { source, from, to, dry_run } = args;
    let renamed = context
        .with_database(async |database| {
            names::source(&database.client().await?, source).await?;
            Ok(rename_field(database, source, from, to, *dry_run).await?)
        })
        .await?;
    context.ui.show(&FieldRenamed {
        source: source.clone(),
        from: from.clone(),
        to: to.clone(),
        is_dry_run: *dry_run,
        num_references: renamed.num_references,
        num_revisions: renamed.num_revisions,
        key_fields: renamed.key_fields,
    })?;
    Ok(Exit::Done)
}

impl Report for FieldRenamed {
    fn write(&self, page: &mut Page) {
        let Self { source, from, to, .. } = self;
        let is = if self.is_dry_run { "would be" } else { "is now" };
        page.line(&format!(
            "{source}: the field {from:?} {is} {to:?} in {} and {}",
            format::counted(self.num_references, "reference"),
            format::counted(self.num_revisions, "revision"),
        ));
        page.line(&format!(
            "If forebay.toml names it, change the name there too: in `key`, `sequence`, `ignore`, `volatile` and \
             `normalise` of [sources.{source}], in selectors, and in pipelines."
        ));
    }
}
