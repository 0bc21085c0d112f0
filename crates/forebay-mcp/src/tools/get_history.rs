//! `get_history`: the history of one record, field by field.

use forebay_views::{HistoryPage, failure::Failure, read::versions, rights::Subject};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    access::Access,
    arguments::{limit, time},
    tool::Tool,
};

const DEFAULT_LIMIT: u32 = 50;
const MOST: u32 = 200;

/// Maximum characters of the JSON text of one value.
const VALUE_CHARS: u32 = 500;

pub(crate) struct GetHistory;

/// The record whose history to read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
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

    fn subject(arguments: &Arguments) -> Subject<'_> {
        Subject::Reference(&arguments.reference)
    }

    async fn call(access: &Access, arguments: Arguments) -> Result<Self::Answer, Failure> {
        let before = arguments.before.as_deref().map(time).transpose()?;
        let client = access.database().client().await?;
        let limit = limit(arguments.limit, DEFAULT_LIMIT, MOST);
        let (name, after) = (&arguments.reference, arguments.cursor.as_deref());
        versions::page(&client, name, before, after, limit, VALUE_CHARS).await
    }
}
