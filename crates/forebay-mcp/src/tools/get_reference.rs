//! `get_reference`: one full record.

use forebay_engine::payload::Shaper;
use forebay_views::{
    ReferenceExcerpt, failure::Failure, names, read::references::payload_at, rights::Subject,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{access::Access, arguments::time, excerpt::excerpt, tool::Tool};

/// Maximum bytes of the payload.
const PAYLOAD_BYTES: usize = 32 * 1024;
/// Maximum characters of one text in the payload.
const TEXT_CHARS: usize = 4000;

pub(crate) struct GetReference;

/// The record to read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    /// The record: its uuid (`reference_id`), or SOURCE/KEY such as courses/CSC-126.
    reference: String,
    /// Show its state as observed at this time (RFC 3339, or a date). Default: now.
    #[serde(default)]
    at: Option<String>,
    /// Show only these top-level fields of the payload. Default: all that fit.
    #[serde(default)]
    fields: Vec<String>,
}

impl Tool for GetReference {
    const NAME: &'static str = "get_reference";
    const TITLE: &'static str = "Read one record";
    type Arguments = Arguments;
    type Answer = ReferenceExcerpt;

    fn description(_: bool) -> String {
        "Returns one full record: payload, version, times, origin, and whether its source still has it. Use it \
         for a reference from search, ensure_data or list_changes, or with `at` for its state at a past time. \
         Long texts are cut at 4,000 characters and the payload at about 32 KB; `fields` selects fields. \
         Errors: no_such_reference, no_such_source, not_there_then."
            .to_owned()
    }

    fn subject(arguments: &Arguments) -> Subject<'_> {
        Subject::Reference(&arguments.reference)
    }

    async fn call(access: &Access, arguments: Arguments) -> Result<Self::Answer, Failure> {
        let at = arguments.at.as_deref().map(time).transpose()?;
        let client = access.database().client().await?;
        let row = names::reference(&client, &arguments.reference).await?;
        let payload = match at {
            None => row.payload.clone(),
            Some(at) => payload_at(&client, &row, at).await?,
        };
        excerpt(&row, &payload, at, &arguments.fields, Shaper::new(PAYLOAD_BYTES, TEXT_CHARS))
    }
}
