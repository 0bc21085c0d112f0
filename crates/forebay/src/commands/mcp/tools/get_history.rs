//! `get_history`: what happened to one record, field by field.

use forebay_store::{
    history::{Change, ReferenceRow},
    timeline::{self, Revision, RevisionCursor},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    super::{cursor, resources::reference_uri, server::Server, shape::Shaper, tool::Tool},
    limit, time,
};
use crate::{failure::Failure, names};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 200;
/// Characters of the JSON text of one value.
const VALUE_CHARS: u32 = 500;

pub(in super::super) struct GetHistory;

/// Whose history to read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Arguments {
    /// The record: its uuid (`reference_id`), or SOURCE/KEY such as courses/CSC-126.
    reference: String,
    /// Most changed fields on the page. Default 50, at most 200.
    #[serde(default)]
    limit: Option<u32>,
    /// Only what was observed before this time (RFC 3339, or a date). Default: everything.
    #[serde(default)]
    before: Option<String>,
    /// `next_cursor` of the page before. Default: the newest changes.
    #[serde(default)]
    cursor: Option<String>,
}

/// A page of a history, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct History {
    /// The record's uuid.
    reference_id: String,
    /// Where the record can be read as a resource.
    uri: String,
    /// Its source.
    source: String,
    /// Its key in the source.
    record_key: String,
    /// Its version now.
    version: i32,
    /// What happened, newest first. A version whose fields do not fit on one page goes on on the next.
    events: Vec<Event>,
    /// Give it as `cursor` for what happened before; null: this is the beginning.
    next_cursor: Option<String>,
}

/// A new version, a removal or a return.
#[derive(Debug, Serialize, JsonSchema)]
struct Event {
    /// When it was observed.
    at: String,
    /// The run that observed it; `run_status` tells about runs.
    run_id: i64,
    /// `added`: first seen. `updated`: its content changed. `removed`: its source had it no more. `restored`: it came
    /// back.
    change: &'static str,
    /// The version from then on.
    version: i32,
    /// The fields that changed, by name; empty unless `updated`.
    fields: Vec<ChangedField>,
}

/// A changed field. A value that is left out was absent, which null is not.
#[derive(Debug, Serialize, JsonSchema)]
struct ChangedField {
    /// The top-level field.
    field: String,
    /// The value before.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Value>,
    /// The value after.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Value>,
    /// A value was over 500 characters: it is the beginning of its JSON text.
    is_cut: bool,
}

impl Tool for GetHistory {
    const NAME: &'static str = "get_history";
    const TITLE: &'static str = "History of one record";
    type Arguments = Arguments;
    type Answer = History;

    fn description(_: bool) -> String {
        "Tells everything that happened to one record, newest first: each version with the old and the new \
         value of each field that changed, when its source dropped it and when it came back. Use it to \
         explain how and when something changed; get_reference with `at` gives the whole record at a time. \
         Errors: no_such_reference, no_such_source, cursor_invalid."
            .to_owned()
    }

    async fn call(server: &Server, arguments: Arguments) -> Result<History, Failure> {
        let before = arguments.before.as_deref().map(time).transpose()?;
        let place = match &arguments.cursor {
            None => RevisionCursor { at: before, run_id: 0, change: String::new(), field: String::new() },
            Some(text) => {
                let (at, run_id, change, field) = cursor::read(text)?;
                RevisionCursor { at: Some(at), run_id, change, field }
            }
        };
        let client = server.database().client().await?;
        let row = names::reference(&client, &arguments.reference).await?;
        let limit = limit(arguments.limit, DEFAULT_LIMIT, MOST);
        let page = timeline::revisions(&**client, row.reference_id, &place, limit, VALUE_CHARS).await?;
        let mut events = events(page.items)?;
        if page.next.is_none() && place.at.is_none_or(|before| row.first_seen_at < before) {
            events.push(added(&row));
        }
        let next = page.next.map(|next| cursor::write(&(next.at, next.run_id, next.change, next.field)));
        let reference_id = row.reference_id.to_string();
        Ok(History {
            uri: reference_uri(&reference_id),
            reference_id,
            source: row.source,
            record_key: row.record_key,
            version: row.version,
            events,
            next_cursor: next.transpose()?,
        })
    }
}

/// Its first sighting, which is no revision.
fn added(row: &ReferenceRow) -> Event {
    Event {
        at: row.first_seen_at.to_string(),
        run_id: row.first_seen_run_id,
        change: Change::Added.as_str(),
        version: 1,
        fields: Vec::new(),
    }
}

/// Fields that changed together as one event.
fn events(revisions: Vec<Revision>) -> Result<Vec<Event>, Failure> {
    let mut events: Vec<Event> = Vec::new();
    for revision in revisions {
        let (at, change) = (revision.at.to_string(), revision.change.as_str());
        let is_same = |last: &Event| last.run_id == revision.run_id && last.change == change && last.at == at;
        if !events.last().is_some_and(is_same) {
            let Revision { run_id, version, .. } = revision;
            events.push(Event { at, run_id, change, version, fields: Vec::new() });
        }
        if revision.change == Change::Updated
            && let Some(event) = events.last_mut()
        {
            event.fields.push(changed(revision)?);
        }
    }
    for event in &mut events {
        event.fields.sort_by(|one, other| one.field.cmp(&other.field));
    }
    Ok(events)
}

fn changed(revision: Revision) -> Result<ChangedField, Failure> {
    let max_chars = usize::try_from(VALUE_CHARS).unwrap_or(usize::MAX);
    // The values have their bound from the database; inside of it nothing is cut again.
    let mut shaper = Shaper::new(usize::MAX, usize::MAX);
    let mut value = |text: Option<String>| text.map(|text| shaper.stored(&text, max_chars)).transpose();
    let (old, new) = (value(revision.old)?, value(revision.new)?);
    Ok(ChangedField { field: revision.field, old, new, is_cut: shaper.is_cut() })
}
