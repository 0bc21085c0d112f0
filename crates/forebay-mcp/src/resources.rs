//! Resources: a full reference as JSON, by its uuid, and the details of a source.

use forebay_engine::{
    human::escape_json,
    payload::{Shaper, cut},
};
use forebay_store::{schedules, sources};
use forebay_views::{Source, SourceResource, cursor, failure::Failure, names, rights::Subject};
use rmcp::{
    ErrorData,
    model::{ListResourcesResult, ReadResourceResult, Resource, ResourceContents, ResourceTemplate},
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    access::Access,
    excerpt::{REFERENCE_URI, excerpt},
};

/// Sources per page.
const PAGE: usize = 100;
/// Maximum bytes of a payload in a resource.
const PAYLOAD_BYTES: usize = 1024 * 1024;

/// Characters of an unknown URI in a message.
const NAMED_CHARS: usize = 200;

/// The media type of every resource.
const JSON: &str = "application/json";
const SOURCE: &str = "forebay://source/";

/// The resource templates for references and sources.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{REFERENCE_URI}{{reference_id}}"), "reference")
            .with_title("A reference")
            .with_description(
                "One record by its uuid: payload (up to 1 MiB), version, times, lineage and source, as JSON",
            )
            .with_mime_type(JSON),
        ResourceTemplate::new(format!("{SOURCE}{{name}}"), "source")
            .with_title("A source")
            .with_description("The input of runs: entity type, key fields, kind, totals and scopes, as JSON")
            .with_mime_type(JSON),
    ]
}

/// A page of sources. References are too many to list; clients find them with the tools.
pub(crate) async fn list(access: &Access, cursor: Option<String>) -> Result<ListResourcesResult, ErrorData> {
    page(access, cursor).await.map_err(|failure| {
        let failure = access.shown(failure);
        ErrorData::invalid_params(failure.full_message(), data(&failure))
    })
}

async fn page(access: &Access, cursor: Option<String>) -> Result<ListResourcesResult, Failure> {
    let after: Option<String> = cursor.as_deref().map(cursor::read).transpose()?;
    let client = access.database().client().await?;
    let names = sources::names(&**client).await?;
    // Sorted by bytes, independent of the database's collation.
    let mut rest: Vec<String> =
        names.into_iter().filter(|name| after.as_ref().is_none_or(|after| name > after)).collect();
    rest.retain(|name| access.may_read(name));
    rest.sort_unstable();
    let has_more = rest.len() > PAGE;
    rest.truncate(PAGE);
    let next_cursor = rest.last().filter(|_| has_more).map(cursor::write).transpose()?;
    let resource = |name: String| {
        Resource::new(format!("{SOURCE}{name}"), name)
            .with_description("Entity type, key fields, kind, totals and scopes of this source")
            .with_mime_type(JSON)
    };
    let resources = rest.into_iter().map(resource).collect();
    Ok(ListResourcesResult { next_cursor, ..ListResourcesResult::with_all_items(resources) })
}

/// Reads a resource.
pub(crate) async fn read(access: &Access, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let document = if uri.contains('\0') {
        // No text of Postgres can contain it, so nothing that it could name is stored.
        Err(Failure::usage("nul_character", "the URI contains a NUL character"))
    } else if let Some(reference_id) = uri.strip_prefix(REFERENCE_URI) {
        reference(access, reference_id).await
    } else if let Some(name) = uri.strip_prefix(SOURCE) {
        source(access, name).await
    } else {
        let message = format!("this server has no resource {:?}", cut(uri, NAMED_CHARS));
        Err(Failure::usage("no_such_resource", message)
            .hint("the resources are forebay://reference/UUID and forebay://source/NAME"))
    };
    let document = document.map_err(|failure| {
        let failure = access.shown(failure);
        ErrorData::resource_not_found(failure.full_message(), data(&failure))
    })?;
    let contents =
        ResourceContents::text(escape_json(&document.to_string()).into_owned(), uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![contents]))
}

async fn reference(access: &Access, reference_id: &str) -> Result<Value, Failure> {
    access.check(Subject::Reference(reference_id)).await?;
    let client = access.database().client().await?;
    let row = names::reference(&client, reference_id).await?;
    document(&excerpt(&row, &row.payload, None, &[], Shaper::new(PAYLOAD_BYTES, PAYLOAD_BYTES))?)
}

async fn source(access: &Access, name: &str) -> Result<Value, Failure> {
    access.check(Subject::Source(name)).await?;
    let client = access.database().client().await?;
    let source = names::source(&client, name).await?;
    let summary = sources::summary(&**client, source).await?;
    let schedules = schedules::list(&**client).await?;
    // Only the configuration knows the scopes that a source accepts.
    let definition = access.sources().get(name);
    let scopes = definition
        .map(|definition| definition.declared_scopes().iter().take(PAGE).map(ToString::to_string).collect());
    let scope_names =
        definition.map(|definition| definition.kind.placeholders().into_iter().map(Into::into).collect());
    document(&SourceResource { summary: Source::new(&summary, &schedules), scopes, scope_names })
}

fn document(view: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(view)
        .map_err(|error| Failure::new("answer_failed", "the resource is not JSON").because(&error))
}

/// The machine-readable part of a failure; people read the message.
fn data(failure: &Failure) -> Option<Value> {
    serde_json::to_value(failure.document()).ok()
}
