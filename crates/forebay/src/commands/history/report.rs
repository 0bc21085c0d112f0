//! What `forebay history` prints: a reference and what happened to it, or its payload at a time.

use forebay_domain::diff::FieldChange;
use forebay_store::history::{Change, ReferenceRow, VersionEvent};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::excerpt::excerpts;
use crate::{
    failure::Failure,
    json::{self, Canonical},
    ui::{Page, Report, Tone, format},
};

/// A reference with its history, oldest first. Its fields are stable.
#[derive(Debug, Serialize)]
pub(super) struct HistoryReport {
    reference_id: String,
    source: String,
    record_key: String,
    entity_type: String,
    scope: String,
    state: &'static str,
    version: i32,
    version_hash: String,
    first_seen_at: Timestamp,
    changed_at: Timestamp,
    removed_at: Option<Timestamp>,
    lineage: Box<RawValue>,
    payload: Box<RawValue>,
    history: Vec<Event>,
}

#[derive(Debug, Serialize)]
struct Event {
    at: Timestamp,
    run_id: i64,
    change: &'static str,
    version: i32,
    fields: Vec<ChangedField>,
}

/// A changed field. A value that is left out was absent, which JSON's null is not.
#[derive(Debug, Serialize)]
struct ChangedField {
    field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Box<RawValue>>,
}

impl HistoryReport {
    pub(super) fn new(reference: ReferenceRow, events: Vec<VersionEvent>) -> Result<Self, Failure> {
        let mut canonical = Canonical::new();
        let history = events.into_iter().map(|event| Event::new(event, &mut canonical));
        Ok(Self {
            history: history.collect::<Result<_, _>>()?,
            reference_id: reference.reference_id.to_string(),
            source: reference.source,
            record_key: reference.record_key,
            entity_type: reference.entity_type,
            scope: reference.scope,
            state: if reference.removed_at.is_none() { "active" } else { "removed" },
            version: reference.version,
            version_hash: reference.version_hash.to_string(),
            first_seen_at: reference.first_seen_at,
            changed_at: reference.changed_at,
            removed_at: reference.removed_at,
            lineage: canonical.raw(&reference.lineage)?,
            payload: canonical.raw(&reference.payload)?,
        })
    }
}

impl Event {
    fn new(event: VersionEvent, canonical: &mut Canonical) -> Result<Self, Failure> {
        let fields = event.fields.into_iter().map(|field| ChangedField::new(field, canonical));
        Ok(Self {
            at: event.at,
            run_id: event.run_id,
            change: event.change.as_str(),
            version: event.version,
            fields: fields.collect::<Result<_, _>>()?,
        })
    }

    fn write(&self, page: &mut Page) {
        let is_version = [Change::Added, Change::Updated].iter().any(|change| change.as_str() == self.change);
        let what = if is_version { format!("version {}", self.version) } else { self.change.to_owned() };
        let line = format!("{what:<12}{}  run {}", format::timestamp(self.at), self.run_id);
        match self.change {
            "removed" => page.toned(Tone::Warning, &line),
            "restored" => page.toned(Tone::Good, &line),
            "added" => page.line(&format!("{line}, first seen")),
            _ => page.line(&line),
        }
        for field in &self.fields {
            field.write(page);
        }
    }
}

impl ChangedField {
    fn new(change: FieldChange, canonical: &mut Canonical) -> Result<Self, Failure> {
        let mut raw = |value: Option<String>| value.map(|text| canonical.raw(&text)).transpose();
        Ok(Self { old: raw(change.old)?, new: raw(change.new)?, field: change.field })
    }

    fn write(&self, page: &mut Page) {
        let text = |value: &Option<Box<RawValue>>| {
            value.as_ref().map_or_else(|| "(absent)".to_owned(), |v| v.get().to_owned())
        };
        let label = format!("  {}: ", self.field);
        let room = page.style().room().saturating_sub(label.chars().count() + " → ".len());
        let (old, new) = excerpts(&text(&self.old), &text(&self.new), room);
        page.line(&format!("{label}{old} → {new}"));
    }
}

impl Report for HistoryReport {
    fn write(&self, page: &mut Page) {
        let state = match self.removed_at {
            None => "active".to_owned(),
            Some(at) => format!("removed {}", format::timestamp(at)),
        };
        let scope = (!self.scope.is_empty()).then(|| ("scope", self.scope.clone()));
        let before = [
            ("source", self.source.clone()),
            ("key", self.record_key.clone()),
            ("id", self.reference_id.clone()),
            ("entity", self.entity_type.clone()),
        ];
        let after = [
            ("state", state),
            ("first seen", format::timestamp(self.first_seen_at)),
            ("version", self.version.to_string()),
        ];
        page.fields(before.into_iter().chain(scope).chain(after));
        page.heading("History");
        for event in &self.history {
            event.write(page);
        }
    }
}

/// The payload that a reference had at a time.
#[derive(Debug, Serialize)]
pub(super) struct AtReport {
    reference_id: String,
    source: String,
    record_key: String,
    at: Timestamp,
    payload: Box<RawValue>,
}

impl AtReport {
    pub(super) fn new(reference: &ReferenceRow, at: Timestamp, payload: &str) -> Result<Self, Failure> {
        Ok(Self {
            reference_id: reference.reference_id.to_string(),
            source: reference.source.clone(),
            record_key: reference.record_key.clone(),
            at,
            payload: Canonical::new().raw(payload)?,
        })
    }
}

impl Report for AtReport {
    /// The payload and nothing else, so that it can be piped on.
    fn write(&self, page: &mut Page) {
        let payload = self.payload.get();
        // What has just been written in canonical form can be read.
        page.line(&json::spread(payload).unwrap_or_else(|_| payload.to_owned()));
    }
}
