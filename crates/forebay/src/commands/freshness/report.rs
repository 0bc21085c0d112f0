//! The human form of the freshness ledger: one line per entity type and scope.

use std::time::Duration;

use forebay_domain::freshness::{AgeStatus, Freshness as Use};
use forebay_store::freshness::SyncStatus;
use forebay_views::{Freshness, Page};

use crate::ui::{self, Report, Table, Tone, format, table::Column};

/// Maximum characters of an error.
const ERROR_SHOWN: usize = 200;

fn tone(entry: &Freshness) -> Tone {
    match (entry.age_status.as_deref().and_then(AgeStatus::parse), entry.num_failures) {
        (Some(AgeStatus::Error), _) => Tone::Bad,
        (Some(AgeStatus::Ok), 0) if entry.freshness == Use::Fresh.as_str() => Tone::Good,
        _ => Tone::Warning,
    }
}

fn shown_scope(entry: &Freshness) -> String {
    if entry.scope.is_empty() { "(the whole)".to_owned() } else { entry.scope.clone() }
}

/// The sync in progress and the last failure.
fn problem(entry: &Freshness) -> Option<String> {
    let is_in_progress = entry.status.as_deref() == Some(SyncStatus::InProgress.as_str());
    let in_progress = is_in_progress.then(|| {
        let text = if entry.is_under_way {
            "a sync is in progress"
        } else {
            "the process of its sync died; the next `forebay ensure` takes over"
        };
        text.to_owned()
    });
    let failed = entry.error.as_ref().map(|error| {
        let message = format::shortened(&format::plain(&error.message), ERROR_SHOWN);
        let times = match entry.num_failures {
            1 => "once".to_owned(),
            number => format!("{number} times"),
        };
        let since = if entry.last_sync_at.is_some() { " since" } else { "" };
        format!("failed {times}{since}, {}: {message}", error.code)
    });
    let parts: Vec<String> = in_progress.into_iter().chain(failed).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

impl Report for Page<Freshness> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("entity"),
            Column::text("scope"),
            Column::code("freshness"),
            Column::code("status"),
            Column::text("age"),
            Column::text("fresh until, UTC").minor(),
            Column::number("records").minor(),
        ]);
        for entry in &self.items {
            let age = entry.age_seconds.map(|age| format::duration(Duration::from_secs(age)));
            table.toned_row(
                tone(entry),
                [
                    entry.entity_type.clone(),
                    shown_scope(entry),
                    entry.freshness.clone(),
                    entry.age_status.clone().unwrap_or_else(format::none),
                    age.unwrap_or_else(format::none),
                    entry.fresh_until.map_or_else(format::none, |at| format::minute(at.get())),
                    entry.num_records.map_or_else(format::none, format::count),
                ],
            );
        }
        page.table(
            &table,
            "no entries; `forebay freshness --stale` lists configured scopes that were never synced",
        );
        for entry in &self.items {
            if let Some(problem) = problem(entry) {
                let subject = format!("{} {}", entry.entity_type, shown_scope(entry));
                page.toned(Tone::Warning, &format!("{subject}: {problem}"));
            }
        }
    }
}
