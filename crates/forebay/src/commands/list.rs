//! `forebay list`: the references of a source.

use forebay_domain::field_filter::FieldFilter;
use forebay_store::timeline::ListFilter;
use forebay_views::{Page, Reference, read};

use crate::{
    cli::values::{self, ScopePair, scope_if_given},
    context::Context,
    failure::{Exit, Failure},
    ui::{self, Report, Table, format, table::Column},
};

/// List the references of a source, by id
///
/// If none is found, a field of `--where` that no record of the source has is an error.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay list --source courses
  forebay list --source courses --scope 'semester=Spring 2026' --where room=B12
  forebay list --source courses --removed --output json")]
pub(crate) struct Args {
    /// Source of the references
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) source: String,

    /// Only this scope, in all its parts; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) scope: Vec<ScopePair>,

    /// Only records with this value in a field (a name or a JSON pointer); repeatable
    #[arg(long = "where", value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<FieldFilter>,

    /// Removed references instead of active ones
    #[arg(long)]
    pub(crate) removed: bool,

    /// Start after this cursor: `next` of the previous page
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,

    /// Maximum number of references
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let filter = ListFilter {
        scope: scope_if_given(&args.scope)?,
        removed: args.removed,
        fields: args.fields.clone(),
    };
    let after = args.after.as_deref();
    let page = context
        .with_database(async |database| {
            read::references::page(&database.client().await?, &args.source, &filter, after, args.limit).await
        })
        .await?;
    context.ui.show_page(&page)?;
    Ok(Exit::Done)
}

impl Report for Page<Reference> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("key"),
            Column::number("version"),
            Column::text("changed, UTC"),
            Column::text("scope").minor(),
            Column::code("id").minor(),
        ]);
        for Reference { summary, .. } in &self.items {
            table.row([
                format::plain(&summary.record_key),
                summary.version.to_string(),
                format::minute(summary.changed_at.get()),
                format::plain(&summary.scope),
                summary.reference_id.clone(),
            ]);
        }
        page.table(&table, "no references");
    }
}
