//! `get_history`: the history of one record, field by field.

use forebay_domain::handoff::Change;
use forebay_engine::payload::Shaper;
use forebay_store::{
    history::ReferenceRow,
    timeline::{self, Revision, RevisionCursor},
};
use forebay_views::{FieldChange, HistoryPage, Json, Page, Version};
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::{
    access::Access,
    arguments::{limit, time},
    tool::Tool,
};
use crate::{cursor, failure::Failure, names};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 200;
/// Maximum characters of the JSON text of one value.
const VALUE_CHARS: u32 = 500;

pub(in super::super) struct GetHistory;

/// The record whose history to read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Arguments {
    /// The record: its uuid (`reference_id`), or SOURCE/KEY such as courses/CSC-126.
    reference: String,
    /// Maximum number of changed fields per page, up to 200. Default: 50.
    #[serde(default)]
    limit: Option<u32>,
    /// Only changes observed before this time (RFC 3339, or a date). Default: all.
    #[serde(default)]
    before: Option<String>,
    /// `next` of the previous page. Default: the newest changes.
    #[serde(default)]
    cursor: Option<String>,
}

impl Tool for GetHistory {
    const NAME: &'static str = "get_history";
    const TITLE: &'static str = "History of one record";
    type Arguments = Arguments;
    type Answer = HistoryPage;

    fn description(_: bool) -> String {
        "Returns the whole history of one record, newest first: each version with the old and new value of \
         each changed field, when its source removed it and when it came back. Use it to explain how and when \
         something changed; get_reference with `at` returns the whole record at a time. Errors: \
         no_such_reference, no_such_source, cursor_invalid."
            .to_owned()
    }

    async fn call(access: &Access, arguments: Arguments) -> Result<Self::Answer, Failure> {
        let before = arguments.before.as_deref().map(time).transpose()?;
        let place = match &arguments.cursor {
            None => RevisionCursor { at: before, run_id: 0, change: String::new(), field: String::new() },
            Some(text) => {
                let (at, run_id, change, field) = cursor::read(text)?;
                RevisionCursor { at: Some(at), run_id, change, field }
            }
        };
        let client = access.database().client().await?;
        let row = names::reference(&client, &arguments.reference).await?;
        let limit = limit(arguments.limit, DEFAULT_LIMIT, MOST);
        let page = timeline::revisions(&**client, row.reference_id, &place, limit, VALUE_CHARS).await?;
        let mut items = versions(page.items)?;
        if page.next.is_none() && place.at.is_none_or(|before| row.first_seen_at < before) {
            items.push(added(&row));
        }
        let next = page.next.map(|next| cursor::write(&(next.at, next.run_id, next.change, next.field)));
        Ok(HistoryPage { reference: (&row).into(), versions: Page { items, next: next.transpose()? } })
    }
}

/// Its first version, which has no revision.
fn added(row: &ReferenceRow) -> Version {
    Version::new(row.first_seen_at, row.first_seen_run_id, Change::Added, 1, Vec::new())
}

/// Groups fields that changed together into one version.
fn versions(revisions: Vec<Revision>) -> Result<Vec<Version>, Failure> {
    let mut versions: Vec<Version> = Vec::new();
    let mut last = None;
    for revision in revisions {
        let this = (revision.at, revision.run_id, revision.change);
        if last != Some(this) {
            let (at, run_id, change) = this;
            versions.push(Version::new(at, run_id, change, revision.version, Vec::new()));
            last = Some(this);
        }
        if revision.change == Change::Updated
            && let Some(version) = versions.last_mut()
        {
            version.fields.push(changed(revision)?);
        }
    }
    for version in &mut versions {
        version.fields.sort_by(|one, other| one.field_name.cmp(&other.field_name));
    }
    Ok(versions)
}

fn changed(revision: Revision) -> Result<FieldChange, Failure> {
    let max_chars = usize::try_from(VALUE_CHARS).unwrap_or(usize::MAX);
    // The database has already shortened the values; they are not shortened again.
    let mut shaper = Shaper::new(usize::MAX, usize::MAX);
    let mut value = |text: Option<String>| -> Result<Option<Json>, Failure> {
        let value = text.map(|text| shaper.stored(&text, max_chars)).transpose()?;
        Ok(value.as_ref().map(Json::from))
    };
    let (old, new) = (value(revision.old)?, value(revision.new)?);
    Ok(FieldChange::new(revision.field, old, new, shaper.is_cut()))
}
