//! `forebay show`: one reference as it is now.

use forebay_engine::payload;
use forebay_views::{Json, Reference, read};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    cli::values,
    context::Context,
    failure::{Exit, Failure},
    ui::{Page, Report, format},
};

/// Show one reference: its record, its state and where it came from
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay show courses/CSC-126
  forebay show 1f0c2a7e-5b1d-8c33-9a55-0d3a5a1f7c20 --output json")]
pub(crate) struct Args {
    /// Reference: `NAME/RECORD_KEY` or its UUID
    #[arg(value_parser = values::name)]
    pub(crate) reference: String,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    context
        .report(async |database| {
            read::references::reference(&database.client().await?, &args.reference).await
        })
        .await
}

/// The name, key, state and times of a reference.
pub(super) fn write_state(page: &mut Page, reference: &Reference) {
    let summary = &reference.summary;
    let state = match summary.removed_at {
        None => "active".to_owned(),
        Some(at) => format!("removed {}", format::timestamp(at.get())),
    };
    let scope = (!summary.scope.is_empty()).then(|| ("scope", summary.scope.clone()));
    let before = [
        ("source", summary.source.clone()),
        ("key", format::plain(&summary.record_key)),
        ("id", summary.reference_id.clone()),
        ("entity", summary.entity_type.clone()),
    ];
    let after = [
        ("state", state),
        ("first seen", format::timestamp(reference.first_seen_at.get())),
        ("version", summary.version.to_string()),
    ];
    page.fields(before.into_iter().chain(scope).chain(after));
}

/// Where this version came from, as far as it is known.
fn origin(lineage: &Json) -> Vec<(&'static str, String)> {
    // Text that was just written in canonical form can be parsed.
    let lineage: Value = serde_json::from_str(lineage.text()).unwrap_or_default();
    let text = |name: &str| lineage[name].as_str().map(format::plain);
    let fetched_at = lineage["fetched_at"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
    let previous_keys = lineage["previous_keys"].as_array().into_iter().flatten();
    let previous_keys: Vec<String> = previous_keys.filter_map(Value::as_str).map(format::plain).collect();
    let parts = [
        ("URL", text("url")),
        ("fetched", fetched_at.map(format::timestamp)),
        ("line", lineage["line"].as_u64().map(format::count)),
        ("earlier keys", (!previous_keys.is_empty()).then(|| previous_keys.join(", "))),
    ];
    parts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

impl Report for Reference {
    fn write(&self, page: &mut Page) {
        write_state(page, self);
        page.fields([
            ("changed", format::timestamp(self.summary.changed_at.get())),
            ("last run", self.scrape_run_id.to_string()),
        ]);
        page.fields(origin(&self.lineage));
        page.heading("Record");
        let text = self.payload.text();
        // Text that was just written in canonical form can be parsed.
        let text = payload::pretty(text).unwrap_or_else(|_| text.to_owned());
        for line in text.lines() {
            page.line(&format::plain(line));
        }
    }
}
