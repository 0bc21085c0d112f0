//! What a Singer tap brings along: the defaults of its runs, and where the last one ended.

use std::mem;

use forebay_domain::{identity::is_by_hash, removal_flag::RemovedWhen};
use forebay_sources::{Format, SingerOptions};
use forebay_store::{sources, states};
use tokio_postgres::Client;

use super::{
    feed::{Feed, Input},
    policy::SourcePolicy,
    request::PersistRequest,
};
use crate::error::Result;

/// Fills in the defaults of a run of a tap.
pub(super) fn of_tap(request: &mut PersistRequest, policy: &mut SourcePolicy, key_fields: &[String]) {
    // A tap reports only at its end whether it has sent everything.
    request.complete = true;
    policy.removed_when = removed_when(mem::take(&mut policy.removed_when), key_fields);
}

/// The value by which a record of a tap says that it is gone.
pub(crate) fn removed_when(given: RemovedWhen, key_fields: &[String]) -> RemovedWhen {
    // With its hash as key, a marked record is another one.
    if is_by_hash(key_fields) { given } else { given.of_tap() }
}

/// The key of a tap's new source is that of its schema, unless the request gives one.
pub(super) async fn name_key(
    client: &Client,
    request: &mut PersistRequest,
    mut input: Input,
) -> Result<Input> {
    if request.key_fields.is_empty()
        && input.feed.is_tap()
        && sources::find(client, &request.source).await?.is_none()
    {
        (request.key_fields, input) = input.key_of_tap().await?;
    }
    Ok(input)
}

/// How to read the messages of a tap; `None`: the input is no such stream.
pub(super) fn options(feed: &mut Feed) -> Option<&mut SingerOptions> {
    match feed {
        Feed::Bytes { options, .. } if options.format == Format::Singer => Some(&mut options.singer),
        _ => None,
    }
}

/// Continues where the last run of the scope ended. `source_id`: none for a source without runs.
pub(super) async fn continue_from(
    client: &Client,
    options: &mut SingerOptions,
    source_id: Option<i32>,
    scope: &str,
    has_guards: bool,
) -> Result<()> {
    let stored = match source_id {
        Some(source_id) => states::find(client, source_id, scope).await?,
        None => None,
    };
    // Only a version that the tap activates in this run counts.
    options.activated = stored.and_then(|state| state.version);
    // Guards hold an empty run.
    options.may_be_empty = has_guards;
    Ok(())
}
