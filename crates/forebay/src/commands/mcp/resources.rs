//! Resources: a reference in full as JSON, by its uuid, and what is known of a source.

use forebay_store::sources;
use rmcp::{
    ErrorData,
    model::{ListResourcesResult, ReadResourceResult, Resource, ResourceContents, ResourceTemplate},
};
use serde_json::{Value, json};

use super::{cursor, server::Server, shape::Shaper, tools};
use crate::{failure::Failure, names};

/// Sources on a page.
const PAGE: usize = 100;
/// Bytes of a payload that is read as a resource.
const PAYLOAD_BYTES: usize = 1024 * 1024;

/// The form of all that is read.
const JSON: &str = "application/json";
const REFERENCE: &str = "forebay://reference/";
const SOURCE: &str = "forebay://source/";

/// The URI of a reference.
pub(super) fn reference_uri(reference_id: &str) -> String {
    format!("{REFERENCE}{reference_id}")
}

/// What there is to read of any reference and any source.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{REFERENCE}{{reference_id}}"), "reference")
            .with_title("A reference")
            .with_description(
                "One record by its uuid: payload (up to 1 MiB), version, times, lineage and source, as JSON",
            )
            .with_mime_type(JSON),
        ResourceTemplate::new(format!("{SOURCE}{{name}}"), "source")
            .with_title("A source")
            .with_description(
                "Where records come from: entity type, key fields, kind, and the scopes that it has, as JSON",
            )
            .with_mime_type(JSON),
    ]
}

/// A page of sources. References are too many to list: tools lead to them.
pub(super) async fn list(server: &Server, cursor: Option<String>) -> Result<ListResourcesResult, ErrorData> {
    page(server, cursor)
        .await
        .map_err(|failure| ErrorData::invalid_params(failure.full_message(), data(&failure)))
}

async fn page(server: &Server, cursor: Option<String>) -> Result<ListResourcesResult, Failure> {
    let after: Option<String> = cursor.as_deref().map(cursor::read).transpose()?;
    let client = server.database().client().await?;
    let names = sources::names(&**client).await?;
    // By bytes, whatever the database's collation.
    let mut rest: Vec<String> =
        names.into_iter().filter(|name| after.as_ref().is_none_or(|after| name > after)).collect();
    rest.sort_unstable();
    let has_more = rest.len() > PAGE;
    rest.truncate(PAGE);
    let next_cursor = rest.last().filter(|_| has_more).map(cursor::write).transpose()?;
    let resource = |name: String| {
        Resource::new(format!("{SOURCE}{name}"), name)
            .with_description("What is known of this source of records")
            .with_mime_type(JSON)
    };
    let resources = rest.into_iter().map(resource).collect();
    Ok(ListResourcesResult { next_cursor, ..ListResourcesResult::with_all_items(resources) })
}

/// Reads a resource.
pub(super) async fn read(server: &Server, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let document = if let Some(reference_id) = uri.strip_prefix(REFERENCE) {
        reference(server, reference_id).await
    } else if let Some(name) = uri.strip_prefix(SOURCE) {
        source(server, name).await
    } else {
        let message = format!("{uri:?} is no resource of this server");
        Err(Failure::usage("no_such_resource", message)
            .hint("forebay://reference/UUID and forebay://source/NAME are"))
    };
    let document =
        document.map_err(|failure| ErrorData::resource_not_found(failure.full_message(), data(&failure)))?;
    let contents = ResourceContents::text(document.to_string(), uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![contents]))
}

async fn reference(server: &Server, reference_id: &str) -> Result<Value, Failure> {
    let client = server.database().client().await?;
    let row = names::reference(&client, reference_id).await?;
    let shaper = Shaper::new(PAYLOAD_BYTES, PAYLOAD_BYTES);
    let shown = tools::shown(&row, &row.payload, None, &[], shaper)?;
    serde_json::to_value(shown)
        .map_err(|error| Failure::new("answer_failed", "the reference is not JSON").because(&error))
}

async fn source(server: &Server, name: &str) -> Result<Value, Failure> {
    let client = server.database().client().await?;
    let source = names::source(&client, name).await?;
    // What the source takes as scopes is in the configuration alone.
    let definition = server.sources().get(name);
    let scopes = definition.map(|definition| {
        definition.declared_scopes().iter().take(PAGE).map(ToString::to_string).collect::<Vec<_>>()
    });
    Ok(json!({
        "name": source.name,
        "entity_type": source.entity_type,
        "key_fields": source.key_fields,
        "kind": source.kind,
        "enabled": source.enabled,
        "fallback": source.fallback,
        "scopes": scopes,
        "scope_names": definition.map(|definition| definition.kind.placeholders()),
    }))
}

/// What programs need of a failure; people read the message.
fn data(failure: &Failure) -> Option<Value> {
    serde_json::to_value(failure.document()).ok()
}
