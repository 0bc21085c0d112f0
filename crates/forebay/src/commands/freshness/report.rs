//! What `forebay freshness` prints: a line for each entity type and scope.

use std::time::Duration;

use forebay_engine::freshness::ScopeFreshness;
use jiff::Timestamp;
use serde::Serialize;

use crate::ui::{Page, Report, Table, Tone, format, table::Column};

/// Characters of an error that are shown.
const ERROR_SHOWN: usize = 200;

/// The ledger. The JSON form is `{"entries": [ … ], "has_more"}`.
#[derive(Debug, Serialize)]
pub(super) struct FreshnessReport {
    entries: Vec<Standing>,
    /// There are more than the limit.
    has_more: bool,
    #[serde(skip)]
    is_stale_only: bool,
}

/// One entity type and scope. Its fields are stable.
#[derive(Debug, Serialize)]
struct Standing {
    entity_type: String,
    scope: String,
    /// `fresh`, `stale_while_revalidate`, `stale_if_error`, `expired` or `never`.
    freshness: &'static str,
    /// `ok`, `warn` or `error`, by `warn_after` and `error_after`.
    age_status: &'static str,
    age_seconds: Option<i64>,
    fresh_until: Option<Timestamp>,
    last_sync: Option<Timestamp>,
    /// How the last attempt stands; none: there was none.
    status: Option<&'static str>,
    /// A process is at it, and alive.
    is_held: bool,
    is_partial: bool,
    num_failures: i32,
    num_records: Option<i64>,
    run_id: Option<i64>,
    source: Option<String>,
    error_code: Option<String>,
    error: Option<String>,
}

impl Standing {
    fn new(scope: ScopeFreshness) -> Self {
        let ScopeFreshness { entity_type, scope, judgement, entry, .. } = scope;
        let untried = Self {
            entity_type,
            scope,
            freshness: judgement.freshness.as_str(),
            age_status: judgement.status.as_str(),
            age_seconds: judgement.age.map(|age| age.as_secs()),
            fresh_until: judgement.fresh_until,
            last_sync: None,
            status: None,
            is_held: false,
            is_partial: false,
            num_failures: 0,
            num_records: None,
            run_id: None,
            source: None,
            error_code: None,
            error: None,
        };
        let Some(entry) = entry else { return untried };
        Self {
            last_sync: entry.last_sync,
            status: Some(entry.status.as_str()),
            is_held: entry.is_held,
            is_partial: entry.is_partial,
            num_failures: entry.num_failures,
            num_records: entry.num_records,
            run_id: entry.run_id,
            source: entry.source_name,
            error_code: entry.error_code,
            error: entry.error,
            ..untried
        }
    }

    fn tone(&self) -> Tone {
        match (self.age_status, self.num_failures) {
            ("error", _) => Tone::Bad,
            ("warn", _) => Tone::Warning,
            (_, failures) if failures > 0 => Tone::Warning,
            _ if self.freshness == "fresh" => Tone::Good,
            _ => Tone::Warning,
        }
    }

    fn shown_scope(&self) -> String {
        if self.scope.is_empty() { "(all of it)".to_owned() } else { self.scope.clone() }
    }

    /// What is going on, or went wrong last.
    fn trouble(&self) -> Option<String> {
        let under_way = match self.status {
            Some("in_progress") if self.is_held => Some("is being synced".to_owned()),
            Some("in_progress") => Some("its process died; whoever asks next takes over".to_owned()),
            _ => None,
        };
        let failed = self.error_code.as_ref().map(|code| {
            let message = self.error.as_deref().unwrap_or_default();
            let message = format::shortened(&format::plain(message), ERROR_SHOWN);
            let times = match self.num_failures {
                1 => "once".to_owned(),
                number => format!("{number} times"),
            };
            let since = if self.last_sync.is_some() { " since" } else { "" };
            format!("failed {times}{since}, {code}: {message}")
        });
        let told: Vec<String> = under_way.into_iter().chain(failed).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

impl FreshnessReport {
    pub(super) fn new(scopes: Vec<ScopeFreshness>, is_stale_only: bool, has_more: bool) -> Self {
        Self { entries: scopes.into_iter().map(Standing::new).collect(), has_more, is_stale_only }
    }
}

impl Report for FreshnessReport {
    fn write(&self, page: &mut Page) {
        let mut table = Table::new([
            Column::text("entity"),
            Column::text("scope"),
            Column::code("freshness"),
            Column::code("status"),
            Column::text("age"),
            Column::text("fresh until, UTC"),
            Column::number("records"),
        ]);
        for standing in &self.entries {
            let age = standing.age_seconds.and_then(|seconds| u64::try_from(seconds).ok());
            table.toned_row(
                standing.tone(),
                [
                    standing.entity_type.clone(),
                    standing.shown_scope(),
                    standing.freshness.to_owned(),
                    // What is not there has no age.
                    if standing.age_seconds.is_some() { standing.age_status } else { "-" }.to_owned(),
                    age.map_or_else(|| "-".to_owned(), |age| format::duration(Duration::from_secs(age))),
                    standing.fresh_until.map_or_else(|| "-".to_owned(), format::minute),
                    standing.num_records.map_or_else(|| "-".to_owned(), |n| format::count(n.unsigned_abs())),
                ],
            );
        }
        let none = if self.is_stale_only {
            "everything that was ever synced or is declared is fresh"
        } else {
            "nothing was ever synced; `forebay freshness --stale` lists what is declared"
        };
        page.table(&table, none);
        for standing in &self.entries {
            if let Some(trouble) = standing.trouble() {
                let subject = format!("{} {}", standing.entity_type, standing.shown_scope());
                page.toned(Tone::Warning, &format!("{subject}: {trouble}"));
            }
        }
        if self.has_more {
            page.line("there are more; --limit shows them");
        }
    }
}
