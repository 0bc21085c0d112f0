//! `forebay sources rename-field`: renames a field, with its history.

use forebay_engine::source::rename_field;
use forebay_views::FieldRenamed;

use crate::{
    cli::{values, why::Why},
    config::Format,
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{Page, Report, Tone, format},
};

/// Rename a field of a source in everything that is stored
///
/// For a site that renames a column: the next run finds its records unchanged, and the field has one history. Renames
/// it in payloads, revisions, coverage and all stored settings, and says which settings of forebay.toml still have the
/// old name. Nothing is handed off again. Only for top-level fields, and only while no run of the source is in progress
/// or held.
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

    #[command(flatten)]
    why: Why,
}

/// Runs the command.
pub(super) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Args { source, from, to, dry_run, why } = args;
    let config = context.config()?;
    let renamed = context
        .with_database(async |database| {
            names::source(&database.client().await?, source).await?;
            Ok(rename_field(database, source, from, to, *dry_run, &why.actor()).await?)
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
        settings_to_change: config
            .persist_request(source, Format::default())
            .map(|configured| configured.settings_with(from))
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect(),
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
        if !self.settings_to_change.is_empty() {
            let settings: Vec<_> =
                self.settings_to_change.iter().map(|setting| format!("`{setting}`")).collect();
            page.toned(
                Tone::Warning,
                &format!(
                    "forebay.toml still says {from:?}, and replaces what is stored: before the next run, write {to:?} in {} of \
                     [sources.{source}].",
                    settings.join(", "),
                ),
            );
        }
        page.line(
            "If selectors, pipelines or options such as --removed-when name the field, change the name there too.",
        );
    }
}
