//! `forebay runs diff`: the changes that a held run withholds, field by field.

use forebay_domain::handoff::Change;
use forebay_views::{FieldChange, RunDiff, read::run_diff};

use super::{
    decide::{Mood, effects_in_words},
    report::write_decisions,
};
use crate::{
    cli::values::RunName,
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::{self, Report, Table, format, table::Column},
};

/// Longest value in the human form, in characters.
const VALUE_SHOWN: usize = 60;

/// Show what a held run withholds
///
/// First how much it would remove, change and add, then the fields that updates would change, then each change,
/// removals first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay runs diff 42
  forebay runs diff 42 --limit 1000 --output json")]
pub(crate) struct Args {
    /// Id of the run, or `latest`
    pub(crate) run: RunName,

    /// Start after this cursor: `next` of the previous page
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,

    /// Maximum number of changes
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let after = args.after.as_deref();
    let diff = context
        .with_database(async |database| {
            let run_id = names::run(&database.client().await?, args.run).await?;
            run_diff::diff(database, run_id, after, args.limit).await
        })
        .await?;
    context.ui.show(&diff)?;
    if let Some(next) = diff.changes.next.as_ref().filter(|_| !context.ui.is_json()) {
        context.ui.note(&format!("there are more; for the next page, add --after {next}"));
    }
    Ok(Exit::Done)
}

impl Report for RunDiff {
    fn write(&self, page: &mut ui::Page) {
        let run = &self.run;
        let subject = format::subject(&run.source, &run.scope);
        page.line(&format!(
            "run {} of {subject}: {}",
            run.run_id,
            effects_in_words(&self.effects, Mood::Would)
        ));
        if !self.fields.is_empty() {
            page.heading("Fields that updates would change");
            let mut table = Table::new([
                Column::text("field"),
                Column::number("updates"),
                Column::number("share"),
                Column::number("lose it"),
                Column::number("gain it"),
            ]);
            for field in &self.fields {
                table.row([
                    format::plain(&field.field_name),
                    format::count(field.num_changed),
                    format::share(field.share),
                    format::count(field.num_lost),
                    format::count(field.num_gained),
                ]);
            }
            page.table(&table, "none");
        }
        page.heading("Changes");
        for item in &self.changes.items {
            page.line(&format!("{:8}  {}", item.change.change, format::plain(&item.change.record_key)));
            let is_updated = item.change.change == Change::Updated.as_str();
            for field in item.fields.iter().filter(|_| is_updated) {
                page.line(&format!("          {}", field_line(field)));
            }
        }
        if self.changes.items.is_empty() {
            page.line("none");
        }
        page.heading("Choices");
        write_decisions(page, run);
    }
}

/// `title: "Old" → "New"`.
fn field_line(field: &FieldChange) -> String {
    let value = |value: Option<&forebay_views::Json>| {
        let text = value.map_or_else(format::none, |json| format::plain(json.text()));
        let is_long = text.chars().count() > VALUE_SHOWN;
        let shown: String = text.chars().take(VALUE_SHOWN).collect();
        if is_long { format!("{shown}…") } else { shown }
    };
    let (old, new) = (value(field.old.as_ref()), value(field.new.as_ref()));
    format!("{}: {old} → {new}", format::plain(&field.field_name))
}
