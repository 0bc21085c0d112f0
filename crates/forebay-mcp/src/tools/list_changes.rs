//! `list_changes`: what was added, updated, removed and restored since a time.

use forebay_domain::identity::ReferenceId;
use forebay_store::{
    export,
    timeline::{self, ChangeCursor, ChangeFilter},
};
use forebay_views::{Change, Page, cursor, failure::Failure, names, rights::Subject};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    access::Access,
    arguments::{limit, time},
    tool::Tool,
};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 100;

pub(crate) struct ListChanges;

/// Which changes to list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// Changes observed at this time or later (RFC 3339, or a date).
    since: String,
    /// Only this entity type, such as course. Default: all.
    #[serde(default)]
    entity: Option<String>,
    /// Only this source. Default: all.
    #[serde(default)]
    source: Option<String>,
    /// Maximum number of changes per page, up to 100. Default: 50.
    #[serde(default)]
    limit: Option<u32>,
    /// `next` of the previous page, with the same other arguments. Default: the newest changes.
    #[serde(default)]
    cursor: Option<String>,
}

impl Tool for ListChanges {
    const NAME: &'static str = "list_changes";
    const TITLE: &'static str = "What changed since a time";
    type Arguments = Arguments;
    type Answer = Page<Change>;

    fn description(_: bool) -> String {
        "Lists what was added, updated, removed and restored since a time, newest run first, for all sources \
         or for one source or entity type. Use it for \"what is new\" and \"what changed since\"; then \
         get_reference for a record, or get_history for old and new values. A record that was added and \
         removed again appears only as removed. Errors: time_invalid, no_such_source, no_such_entity, \
         cursor_invalid."
            .to_owned()
    }

    fn subject(arguments: &Arguments) -> Subject<'_> {
        Subject::filtered(arguments.source.as_deref())
    }

    async fn call(access: &Access, arguments: Arguments) -> Result<Self::Answer, Failure> {
        let Arguments { since, entity, source, limit: asked, cursor: text } = arguments;
        let since = time(&since)?;
        let from = text.as_deref().map(place).transpose()?;
        if let Some(entity) = &entity {
            access.check_entity(entity).await?;
        }
        let mut client = access.database().client().await?;
        if let Some(name) = &source {
            names::source(&client, name).await?;
        }
        let filter = ChangeFilter { since, source, entity_type: entity };
        let transaction = export::snapshot(&mut client).await?;
        let page = timeline::changes(&transaction, &filter, from, limit(asked, DEFAULT_LIMIT, MOST)).await?;
        transaction.commit().await.map_err(forebay_store::Error::from)?;
        let next = page.next.map(|next| cursor::write(&(next.run_id, next.reference_id.to_string())));
        Ok(Page { items: page.items.into_iter().map(Change::from).collect(), next: next.transpose()? })
    }
}

fn place(text: &str) -> Result<ChangeCursor, Failure> {
    let (run_id, reference_id): (i64, String) = cursor::read(text)?;
    // A valid cursor contains a uuid; any other starts at the beginning of that run.
    let reference_id = reference_id.parse().unwrap_or(ReferenceId([0; 16]));
    Ok(ChangeCursor { run_id, reference_id })
}
