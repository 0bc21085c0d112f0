//! Reads references: lists, one as it is, its history, and one at a time.

use forebay_domain::identity::ReferenceId;
use forebay_engine::{human, payload::Canonical};
use forebay_store::{
    connect::Client,
    history::{self, ReferenceRow},
    timeline::{self, ListFilter},
};
use jiff::Timestamp;

use crate::{History, Json, Page, PointInTime, Reference, cursor, failure::Failure, names};

/// A page of at most `limit` references of a source, by id. Errors: `no_such_source`, `no_such_scope`,
/// `no_such_field`, `cursor_invalid`.
pub async fn page(
    client: &Client,
    source: &str,
    filter: &ListFilter,
    after: Option<&str>,
    limit: u32,
) -> Result<Page<Reference>, Failure> {
    let after = after.map(position).transpose()?;
    let source = names::source(client, source).await?;
    if let Some(scope) = &filter.scope {
        names::scope(client, &source, scope).await?;
    }
    let found = timeline::list(&***client, source.source_id, filter, after, limit).await?;
    if found.items.is_empty() && after.is_none() {
        names::fields(client, &source, &filter.fields).await?;
    }
    let canonical = &mut Canonical::new();
    let items = found.items.iter().map(|row| Reference::canonical(row, canonical));
    let items = items.collect::<forebay_engine::Result<Vec<_>>>()?;
    let next = found.next.map(|id| cursor::write(&id.to_string())).transpose()?;
    Ok(Page { items, next })
}

fn position(text: &str) -> Result<ReferenceId, Failure> {
    cursor::read::<String>(text)?.parse().map_err(|_| cursor::invalid())
}

/// A reference as it is now. Errors: those of [`names::reference`].
pub async fn reference(client: &Client, name: &str) -> Result<Reference, Failure> {
    let row = names::reference(client, name).await?;
    Ok(Reference::canonical(&row, &mut Canonical::new())?)
}

/// All versions of a reference. Errors: those of [`names::reference`].
pub async fn history(client: &Client, name: &str) -> Result<History, Failure> {
    let row = names::reference(client, name).await?;
    let events = history::versions(&***client, &row).await?;
    Ok(History::new(&row, events)?)
}

/// The payload of one version of a reference; `None`: there is no such version, or it was removed at once.
pub async fn of_version(client: &Client, name: &str, version: i32) -> Result<Option<Json>, Failure> {
    let row = names::reference(client, name).await?;
    let Some(began_at) = history::began(&***client, &row, version).await? else { return Ok(None) };
    let payload = history::reference_at(&***client, row.reference_id, began_at).await?;
    let payload = payload.map(|payload| Json::canonical(&payload, &mut Canonical::new()));
    Ok(payload.transpose()?)
}

/// A reference at a time. Errors: `not_there_then`, and those of [`names::reference`].
pub async fn at(client: &Client, name: &str, at: Timestamp) -> Result<PointInTime, Failure> {
    let row = names::reference(client, name).await?;
    let payload = payload_at(client, &row, at).await?;
    Ok(PointInTime::new(&row, at, &payload)?)
}

/// The payload that a reference had at a time. Error: `not_there_then`.
pub async fn payload_at(client: &Client, reference: &ReferenceRow, at: Timestamp) -> Result<String, Failure> {
    if let Some(payload) = history::reference_at(&***client, reference.reference_id, at).await? {
        return Ok(payload);
    }
    let name = human::plain(&format!("{}/{}", reference.source, reference.record_key));
    let why = if at < reference.first_seen_at {
        format!("it was first seen at {}", human::timestamp(reference.first_seen_at))
    } else {
        "it had been removed".to_owned()
    };
    let message = format!("{name} did not exist at {}: {why}", human::timestamp(at));
    Err(Failure::new("not_there_then", message).hint(format!(
        "run `forebay history {}` to see when it was added and removed",
        reference.reference_id
    )))
}
