//! `list_changes`: what was added, updated, removed and restored since a time.

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    export,
    timeline::{self, Change, ChangeCursor, ChangeFilter},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    super::{cursor, server::Server, tool::Tool},
    limit, time,
};
use crate::{failure::Failure, names};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 100;

pub(in super::super) struct ListChanges;

/// Which changes to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Arguments {
    /// Changes that were observed at this time or later (RFC 3339, or a date).
    since: String,
    /// Only of this entity type, such as course. Default: of all.
    #[serde(default)]
    entity: Option<String>,
    /// Only of this source. Default: of all.
    #[serde(default)]
    source: Option<String>,
    /// Most changes on the page. Default 50, at most 100.
    #[serde(default)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same other arguments. Default: the newest changes.
    #[serde(default)]
    cursor: Option<String>,
}

/// A page of changes, those of the newest run first.
#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Changes {
    /// What changed: one entry for each record and run.
    changes: Vec<Changed>,
    /// Give it as `cursor` for older changes; null: there are none. A page may be short, even empty, and still have
    /// one.
    next_cursor: Option<String>,
}

/// What one run changed of one record.
#[derive(Debug, Serialize, JsonSchema)]
struct Changed {
    /// The record's uuid.
    reference_id: String,
    /// Its source.
    source: String,
    /// Its key in the source.
    record_key: String,
    /// What kind of thing it is.
    entity_type: String,
    /// `added`: first seen, and still there. `updated`: its content changed. `removed`: its source has it no more.
    /// `restored`: it came back, with other content if there are fields.
    change: &'static str,
    /// When it was observed.
    at: String,
    /// The run that observed it; `run_status` tells about runs.
    run_id: i64,
    /// The version from then on.
    version: i32,
    /// Names of fields that changed, at most 20; `get_history` has their values.
    fields: Vec<String>,
    /// How many fields changed.
    num_fields: i32,
}

impl Tool for ListChanges {
    const NAME: &'static str = "list_changes";
    const TITLE: &'static str = "What changed since a time";
    type Arguments = Arguments;
    type Answer = Changes;

    fn description(_: bool) -> String {
        "Lists what was added, updated, removed and restored since a time, newest run first, of all sources \
         or of one source or entity type. Use it for \"what is new\" and \"what changed since\"; then \
         get_reference for a record, or get_history for old and new values. A record that was added and is \
         gone again is told of by its removal alone. Errors: time_invalid, no_such_source, cursor_invalid."
            .to_owned()
    }

    async fn call(server: &Server, arguments: Arguments) -> Result<Changes, Failure> {
        let Arguments { since, entity, source, limit: asked, cursor: text } = arguments;
        let since = time(&since)?;
        let from = text.as_deref().map(place).transpose()?;
        let mut client = server.database().client().await?;
        if let Some(name) = &source {
            names::source(&client, name).await?;
        }
        let filter = ChangeFilter { since, source, entity_type: entity };
        let transaction = export::snapshot(&mut client).await?;
        let page = timeline::changes(&transaction, &filter, from, limit(asked, DEFAULT_LIMIT, MOST)).await?;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        let next = page.next.map(|next| cursor::write(&(next.run_id, next.reference_id.to_string())));
        Ok(Changes { changes: page.items.into_iter().map(changed).collect(), next_cursor: next.transpose()? })
    }
}

fn place(text: &str) -> Result<ChangeCursor, Failure> {
    let (run_id, reference_id): (i64, String) = cursor::read(text)?;
    // All that a cursor of ours holds is a uuid; another one's leads to the beginning of that run.
    let reference_id = reference_id.parse().unwrap_or(ReferenceId([0; 16]));
    Ok(ChangeCursor { run_id, reference_id })
}

fn changed(change: Change) -> Changed {
    Changed {
        reference_id: change.reference_id.to_string(),
        source: change.source,
        record_key: change.record_key,
        entity_type: change.entity_type,
        change: change.change.as_str(),
        at: change.at.to_string(),
        run_id: change.run_id,
        version: change.version,
        fields: change.fields,
        num_fields: change.num_fields,
    }
}
