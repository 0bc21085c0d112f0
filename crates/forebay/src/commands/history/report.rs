//! The human form of a reference's history, or its payload at a time.

use forebay_domain::handoff::Change;
use forebay_engine::payload;
use forebay_views::{History, Json, PointInTime, Version};

use super::excerpt::excerpts;
use crate::{
    commands::show::write_state,
    ui::{Page, Report, Tone, format},
};

fn write_version(page: &mut Page, version: &Version) {
    let change = Change::parse(&version.change);
    let what = match change {
        Some(Change::Added | Change::Updated) => format!("version {}", version.version),
        _ => version.change.clone(),
    };
    let line = format!("{what:<12}{}  run {}", format::timestamp(version.changed_at.get()), version.run_id);
    match change {
        Some(Change::Removed) => page.toned(Tone::Warning, &line),
        Some(Change::Restored) => page.toned(Tone::Good, &line),
        Some(Change::Added) => page.line(&format!("{line}, first seen")),
        Some(Change::Updated) | None => page.line(&line),
    }
    for field in &version.fields {
        let text = |value: &Option<Json>| {
            value.as_ref().map_or_else(|| "(absent)".to_owned(), |value| value.text().to_owned())
        };
        let label = format!("  {}: ", field.field_name);
        let room = page.style().room().saturating_sub(label.chars().count() + " → ".len());
        let (old, new) = excerpts(&text(&field.old), &text(&field.new), room);
        page.line(&format!("{label}{old} → {new}"));
    }
}

impl Report for History {
    fn write(&self, page: &mut Page) {
        write_state(page, &self.reference);
        page.heading("History");
        for version in &self.versions {
            write_version(page, version);
        }
    }
}

impl Report for PointInTime {
    /// Only the payload, so that the output can be piped.
    fn write(&self, page: &mut Page) {
        let text = self.payload.text();
        // Text that was just written in canonical form can be parsed.
        page.line(&payload::pretty(text).unwrap_or_else(|_| text.to_owned()));
    }
}
