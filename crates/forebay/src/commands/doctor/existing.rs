//! `forebay doctor --existing`: the tables that a project had before Forebay, and what to do with them.

use std::time::Duration;

use forebay_engine::existing::audit;
use forebay_store::tables::SchemaName;
use forebay_views::{ExistingAudit, ExistingTable};

use crate::{
    commands::adopt::mixed,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, Table, Tone, format, table::Column},
};

/// Maximum time for each query.
const TIMEOUT: Duration = Duration::from_mins(5);

/// Runs the command.
pub(super) async fn run(schema: &SchemaName, context: &Context) -> Result<Exit, Failure> {
    context
        .report_bare(async |database| Ok(ExistingAudit::from(audit(database, schema, TIMEOUT).await?)))
        .await
}

impl Report for ExistingAudit {
    fn write(&self, page: &mut Page) {
        let mut tables = Table::new([
            Column::text("table"),
            Column::number("rows"),
            Column::number("columns"),
            Column::text("key"),
            Column::text("proposal"),
        ]);
        for table in &self.tables {
            tables.row([
                format::plain(&table.table),
                table.num_rows.map_or_else(format::none, format::count),
                table.columns.len().to_string(),
                format::plain(&table.key_fields.join(", ")),
                proposal(&self.schema, table),
            ]);
        }
        page.table(&tables, &format!("no tables in the schema {}", format::plain(&self.schema)));
        for table in &self.tables {
            for column in table.columns.iter().filter(|column| column.is_mixed) {
                page.toned(Tone::Warning, &format!("{}.{}", format::plain(&table.table), mixed(column)));
            }
        }
        page.heading("What code around scrapers reads");
        let mut needs = Table::new([Column::text("relation"), Column::text("state"), Column::text("next")]);
        for need in &self.needs {
            let create = format!("forebay db profile create {} --schema {}", need.profile, self.schema);
            let next = match need.state.as_str() {
                "works" => String::new(),
                "missing" => create,
                "incomplete" => {
                    format!("rename it, because it has no {}; then {create}", need.missing_columns.join(", "))
                }
                "empty" => format!("nothing writes it; drop it, then {create}"),
                _ => "grant SELECT on it".to_owned(),
            };
            needs.row([need.relation.clone(), need.state.clone(), format::plain(&next)]);
        }
        page.table(&needs, "none");
        if !self.toml.is_empty() {
            page.heading("Proposal for forebay.toml");
            for line in self.toml.trim_end().lines() {
                page.line(&format::plain(line));
            }
        }
    }
}

fn proposal(schema: &str, table: &ExistingTable) -> String {
    match (&table.source, &table.leave_because) {
        (Some(source), _) => {
            let key = if table.key_fields.is_empty() { " --key COLUMN" } else { "" };
            format::plain(&format!("forebay adopt {schema}.{} --as {source}{key}", table.table))
        }
        (None, reason) => format!("leave it: {}", reason.as_deref().unwrap_or_default()),
    }
}
