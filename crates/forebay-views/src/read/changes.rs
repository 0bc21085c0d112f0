//! Reads the stream of changes.

use forebay_engine::scrape::Sources;
use forebay_store::{
    connect::{Client, Database},
    export,
    timeline::{StreamCursor, StreamFilter, StreamPage, stream},
};

use crate::{Change, ChangeEvent, ChangeStream, cursor, failure::Failure, names};

/// Reads a cursor. Error: `cursor_invalid`.
pub fn position(text: &str) -> Result<StreamCursor, Failure> {
    let (end_id, id): (i64, String) = cursor::read(text)?;
    Ok(StreamCursor { end_id, reference_id: id.parse().map_err(|_| cursor::invalid())? })
}

/// Checks that this database has a position. Error: `cursor_invalid`.
pub async fn check(client: &Client, from: StreamCursor) -> Result<StreamCursor, Failure> {
    if from.is_ahead(&***client).await? {
        return Err(Failure::usage("cursor_invalid", "the cursor is ahead of this database").hint(
            "it comes from another database, or an older backup was restored: read everything again, without --since",
        ));
    }
    Ok(from)
}

/// Checks the names in a filter. Errors: `no_such_source`, `no_such_entity`.
pub async fn check_names(
    client: &Client,
    filter: &StreamFilter,
    configured: &Sources,
) -> Result<(), Failure> {
    if let Some(source) = &filter.source {
        names::source(client, source).await?;
    }
    if let Some(entity) = &filter.entity_type {
        names::entity(client, entity, configured).await?;
    }
    Ok(())
}

/// A part of the stream, which may be empty although more follows.
pub async fn part(
    database: &Database,
    filter: &StreamFilter,
    from: StreamCursor,
    limit: u32,
) -> Result<StreamPage, Failure> {
    let mut client = database.client().await?;
    let transaction = export::snapshot(&mut client).await?;
    let page = stream(&transaction, filter, from, limit).await?;
    transaction.commit().await.map_err(forebay_store::Error::from)?;
    Ok(page)
}

/// A part of the stream that is empty only if nothing more follows.
pub async fn page(
    database: &Database,
    filter: &StreamFilter,
    from: StreamCursor,
    limit: u32,
) -> Result<ChangeStream, Failure> {
    let mut page = part(database, filter, from, limit).await?;
    while page.items.is_empty() && !page.is_last {
        page = part(database, filter, page.next, limit).await?;
    }
    view(page)
}

/// Writes a cursor.
pub fn cursor_at(at: StreamCursor) -> Result<String, Failure> {
    cursor::write(&(at.end_id, at.reference_id.to_string()))
}

/// The view of a part.
pub fn view(page: StreamPage) -> Result<ChangeStream, Failure> {
    let event = |(at, change)| Ok(ChangeEvent { cursor: cursor_at(at)?, change: Change::from(change) });
    let next = cursor_at(page.next)?;
    let items = page.items.into_iter().map(event).collect::<Result<_, Failure>>()?;
    Ok(ChangeStream { items, next, is_last: page.is_last })
}
