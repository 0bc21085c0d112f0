//! `get_reference`: one record in full.

use forebay_domain::identity::ReferenceId;
use forebay_store::history::{self, ReferenceRow};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    super::{resources::reference_uri, server::Server, shape::Shaper, tool::Tool},
    time,
};
use crate::{failure::Failure, names};

/// Bytes of the payload that are shown.
const PAYLOAD_BYTES: usize = 32 * 1024;
/// Characters of one text in it.
const TEXT_CHARS: usize = 4000;
/// Bytes of the lineage that are shown.
const LINEAGE_BYTES: usize = 4 * 1024;

pub(in super::super) struct GetReference;

/// What to read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Arguments {
    /// The record: its uuid (`reference_id`), or SOURCE/KEY such as courses/CSC-126.
    reference: String,
    /// Show it as it was observed at this time (RFC 3339, or a date). Default: as it is now.
    #[serde(default)]
    at: Option<String>,
    /// Show only these top-level fields of the payload. Default: all that fit.
    #[serde(default)]
    fields: Vec<String>,
}

/// A record.
#[derive(Debug, Serialize, JsonSchema)]
pub(in super::super) struct Reference {
    /// Its stable uuid.
    reference_id: String,
    /// Where it can be read as a resource, with up to 1 MiB of payload.
    uri: String,
    /// The source that it comes from.
    source: String,
    /// Its key in the source; SOURCE/KEY names it as well.
    record_key: String,
    /// What kind of thing it is.
    entity_type: String,
    /// The part of the source that it belongs to, as name=value pairs; empty: the whole source.
    scope: String,
    /// `active`: the source has it. `removed`: the source has it no more (a tombstone); the payload is its last one.
    state: &'static str,
    /// How often its content changed, plus one. With `at` it is still the version now.
    version: i32,
    /// SHA-256 of the content now, in hexadecimal.
    version_hash: String,
    /// When it was first observed.
    first_seen_at: String,
    /// When its last change was observed.
    changed_at: String,
    /// When it was observed to be gone; null: it is not.
    removed_at: Option<String>,
    /// The time that the payload is of; null: now.
    at: Option<String>,
    /// The record itself, as the source had it.
    payload: Map<String, Value>,
    /// Where this version came from: page, line, when it was fetched, earlier keys.
    lineage: Map<String, Value>,
    /// The run that added it; `run_status` tells about runs.
    first_seen_run_id: i64,
    /// The run that last wrote it.
    scrape_run_id: i64,
    /// Something was left out of payload or lineage.
    is_cut: bool,
    /// What was left out, and how to read it.
    notices: Vec<String>,
}

impl Tool for GetReference {
    const NAME: &'static str = "get_reference";
    const TITLE: &'static str = "Read one record";
    type Arguments = Arguments;
    type Answer = Reference;

    fn description(_: bool) -> String {
        "Reads one record in full: payload, version, times, where it came from, and whether its source still \
         has it. Use it after search, ensure_data or list_changes named a reference, or with `at` for what \
         it was at a past time. Long texts are cut at 4,000 characters and the payload at about 32 KB; \
         `fields` picks what matters. Errors: no_such_reference, no_such_source, not_there_then."
            .to_owned()
    }

    async fn call(server: &Server, arguments: Arguments) -> Result<Reference, Failure> {
        let at = arguments.at.as_deref().map(time).transpose()?;
        let client = server.database().client().await?;
        let row = names::reference(&client, &arguments.reference).await?;
        let payload = match at {
            None => None,
            Some(at) => match history::reference_at(&**client, row.reference_id, at).await? {
                Some(payload) => Some(payload),
                None => return Err(not_there_then(&row, at)),
            },
        };
        let payload = payload.as_deref().unwrap_or(&row.payload);
        shown(&row, payload, at, &arguments.fields, Shaper::new(PAYLOAD_BYTES, TEXT_CHARS))
    }
}

/// A reference with the payload that it has, or had `at` a time.
pub(in super::super) fn shown(
    row: &ReferenceRow,
    payload: &str,
    at: Option<Timestamp>,
    fields: &[String],
    mut shaper: Shaper,
) -> Result<Reference, Failure> {
    let reference_id = row.reference_id.to_string();
    let uri = reference_uri(&reference_id);
    let payload = shaper.object(payload, fields)?;
    let mut notices =
        shaper.notices(&format!("`fields` picks some, and the resource {uri} has up to 1 MiB of them"));
    if let Some(missing) = fields.iter().find(|field| !payload.contains_key(*field)) {
        notices.push(format!("the payload has no field {missing:?}, or it did not fit"));
    }
    let mut of_lineage = Shaper::new(LINEAGE_BYTES, TEXT_CHARS);
    let lineage = of_lineage.object(&row.lineage, &[])?;
    Ok(Reference {
        reference_id,
        uri,
        source: row.source.clone(),
        record_key: row.record_key.clone(),
        entity_type: row.entity_type.clone(),
        scope: row.scope.clone(),
        state: if row.removed_at.is_some() { "removed" } else { "active" },
        version: row.version,
        version_hash: row.version_hash.to_string(),
        first_seen_at: row.first_seen_at.to_string(),
        changed_at: row.changed_at.to_string(),
        removed_at: row.removed_at.map(|at| at.to_string()),
        at: at.map(|at| at.to_string()),
        payload,
        lineage,
        first_seen_run_id: row.first_seen_run_id,
        scrape_run_id: row.scrape_run_id,
        is_cut: shaper.is_cut() || of_lineage.is_cut(),
        notices,
    })
}

fn not_there_then(row: &ReferenceRow, at: Timestamp) -> Failure {
    let ReferenceRow { reference_id, source, record_key, first_seen_at, .. } = row;
    let why = if at < *first_seen_at {
        format!("it was first seen at {first_seen_at}")
    } else {
        "it had been removed".to_owned()
    };
    Failure::new("not_there_then", format!("{source}/{record_key} was not there at {at}: {why}"))
        .hint(format!("get_history of {} shows when it came and went", ReferenceId::to_string(reference_id)))
}
