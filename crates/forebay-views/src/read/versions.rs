//! Reads the history of a reference page by page, newest first, with long values shortened.

use forebay_domain::handoff::Change;
use forebay_engine::payload::Shaper;
use forebay_store::{
    connect::Client,
    history::ReferenceRow,
    timeline::{self, Revision, RevisionCursor},
};
use jiff::Timestamp;

use crate::{FieldChange, HistoryPage, Json, Page, Version, cursor, failure::Failure, names};

/// A page of at most `limit` changed fields, of changes observed before a time. Values have at most `value_chars`
/// characters of JSON text. Errors: `cursor_invalid`, and those of [`names::reference`].
pub async fn page(
    client: &Client,
    reference: &str,
    before: Option<Timestamp>,
    after: Option<&str>,
    limit: u32,
    value_chars: u32,
) -> Result<HistoryPage, Failure> {
    let place = match after {
        None => RevisionCursor { at: before, run_id: 0, change: String::new(), field: String::new() },
        Some(text) => {
            let (at, run_id, change, field) = cursor::read(text)?;
            RevisionCursor { at: Some(at), run_id, change, field }
        }
    };
    let row = names::reference(client, reference).await?;
    let page = timeline::revisions(&***client, row.reference_id, &place, limit, value_chars).await?;
    let mut items = versions(page.items, value_chars)?;
    if page.next.is_none() && place.at.is_none_or(|before| row.first_seen_at < before) {
        items.push(added(&row));
    }
    let next = page.next.map(|next| cursor::write(&(next.at, next.run_id, next.change, next.field)));
    Ok(HistoryPage { reference: (&row).into(), versions: Page { items, next: next.transpose()? } })
}

/// The time at which a page that continues with this cursor begins: of later changes, it has none. Error:
/// `cursor_invalid`.
pub fn until(after: &str) -> Result<Timestamp, Failure> {
    let (at, ..) = cursor::read::<(Timestamp, i64, String, String)>(after)?;
    Ok(at)
}

/// Its first version, which has no revision.
fn added(row: &ReferenceRow) -> Version {
    Version::new(row.first_seen_at, row.first_seen_run_id, Change::Added, 1, Vec::new())
}

/// Groups fields that changed together into one version.
fn versions(revisions: Vec<Revision>, value_chars: u32) -> Result<Vec<Version>, Failure> {
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
            version.fields.push(changed(revision, value_chars)?);
        }
    }
    for version in &mut versions {
        version.fields.sort_by(|one, other| one.field_name.cmp(&other.field_name));
    }
    Ok(versions)
}

fn changed(revision: Revision, value_chars: u32) -> Result<FieldChange, Failure> {
    let max_chars = usize::try_from(value_chars).unwrap_or(usize::MAX);
    // The database has already shortened the values; they are not shortened again.
    let mut shaper = Shaper::new(usize::MAX, usize::MAX);
    let mut value = |text: Option<String>| -> Result<Option<Json>, Failure> {
        let value = text.map(|text| shaper.stored(&text, max_chars)).transpose()?;
        Ok(value.as_ref().map(Json::from))
    };
    let (old, new) = (value(revision.old)?, value(revision.new)?);
    Ok(FieldChange::new(revision.field, old, new, shaper.is_cut()))
}
