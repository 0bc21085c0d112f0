//! The list of tools, and calling one by name.

use std::sync::Arc;

use forebay_engine::human::escape_json;
use forebay_views::{failure::Failure, has_nul};
use rmcp::{
    handler::server::tool::schema_for_input,
    model::{CallToolResult, ContentBlock, JsonObject, Tool as Definition, ToolAnnotations},
};
use serde_json::Value;

use crate::{
    access::Access,
    arguments::to_schema,
    hints::for_tools,
    tool::Tool,
    tools::{EnsureData, Freshness, GetHistory, GetReference, ListChanges, RunStatus, Search},
};
/// The definitions of all tools, for clients.
pub(crate) fn definitions(may_scrape: bool) -> Vec<Definition> {
    vec![
        definition::<EnsureData>(may_scrape),
        definition::<Search>(may_scrape),
        definition::<GetReference>(may_scrape),
        definition::<GetHistory>(may_scrape),
        definition::<ListChanges>(may_scrape),
        definition::<Freshness>(may_scrape),
        definition::<RunStatus>(may_scrape),
    ]
}

/// Calls the tool with this name; `None`: it does not exist.
pub(crate) async fn call(
    access: &Access,
    name: &str,
    arguments: Option<JsonObject>,
) -> Option<CallToolResult> {
    let arguments = arguments.unwrap_or_default();
    Some(match name {
        EnsureData::NAME => answer::<EnsureData>(access, arguments).await,
        Search::NAME => answer::<Search>(access, arguments).await,
        GetReference::NAME => answer::<GetReference>(access, arguments).await,
        GetHistory::NAME => answer::<GetHistory>(access, arguments).await,
        ListChanges::NAME => answer::<ListChanges>(access, arguments).await,
        Freshness::NAME => answer::<Freshness>(access, arguments).await,
        RunStatus::NAME => answer::<RunStatus>(access, arguments).await,
        _ => return None,
    })
}

fn definition<T: Tool>(may_scrape: bool) -> Definition {
    // Both schemas describe structs, so they are objects.
    let input = schema_for_input::<T::Arguments>().unwrap_or_default();
    let writes = T::SCRAPES && may_scrape;
    let hints = ToolAnnotations::from_raw(
        Some(T::TITLE.to_owned()),
        Some(!writes),
        // Not destructive: it adds versions, and a record that its source removed becomes a tombstone.
        Some(false),
        // Idempotent: a second call does not scrape a fresh scope again.
        Some(true),
        Some(writes),
    );
    Definition::new(T::NAME, T::description(may_scrape), input)
        .with_title(T::TITLE)
        .with_raw_output_schema(output_schema::<T>())
        .with_annotations(hints)
}

fn output_schema<T: Tool>() -> Arc<JsonObject> {
    // The schema of a view, which is a struct, is an object.
    Arc::new(forebay_views::schema::<T::Answer>().as_object().cloned().unwrap_or_default())
}

async fn answer<T: Tool>(access: &Access, mut arguments: JsonObject) -> CallToolResult {
    to_schema(&mut arguments, &schema_for_input::<T::Arguments>().unwrap_or_default());
    let given = if arguments.iter().any(|(name, value)| name.contains('\0') || has_nul(value)) {
        // No text of Postgres can contain it, so nothing that it could name is stored.
        Err(Failure::usage("nul_character", "an argument contains a NUL character"))
    } else {
        read::<T>(&arguments)
    };
    let answered = match given {
        Ok(given) => permitted::<T>(access, given).await,
        Err(failure) => Err(failure),
    };
    let written = answered.and_then(|answer| {
        serde_json::to_value(answer)
            .map_err(|error| Failure::new("answer_failed", "the answer is not JSON").because(&error))
    });
    match written {
        Ok(answer) => {
            let text = escape_json(&answer.to_string()).into_owned();
            let mut result = CallToolResult::structured(answer);
            // The client prints the text as it is, or gives it to a model.
            result.content = vec![ContentBlock::text(text)];
            result
        }
        Err(failure) => refused(&access.shown(failure)),
    }
}

async fn permitted<T: Tool>(access: &Access, arguments: T::Arguments) -> Result<T::Answer, Failure> {
    access.check(T::subject(&arguments)).await?;
    T::call(access, arguments).await
}

/// Reads the arguments. Error: `arguments_invalid`, which names the argument that is wrong.
fn read<T: Tool>(arguments: &JsonObject) -> Result<T::Arguments, Failure> {
    let parse = |arguments: JsonObject| {
        serde_json::from_value::<T::Arguments>(Value::Object(arguments)).map_err(|error| error.to_string())
    };
    parse(arguments.clone()).map_err(|problem| {
        // serde names no argument whose value has the wrong type: it is the one without which the problem is gone.
        let is_wrong = |name: &&String| {
            let mut others = arguments.clone();
            others.remove(*name);
            parse(others).err().as_ref() != Some(&problem)
        };
        let place = arguments.keys().find(is_wrong).map_or_else(String::new, |name| format!(", in `{name}`"));
        Failure::usage("arguments_invalid", format!("invalid arguments for {}{place}: {problem}", T::NAME))
            .hint("see the input schema of the tool")
    })
}

/// An error for the model: `{"error": {"code", "message", "hint", "place"}}`. Only as text, because clients validate
/// structured content against the schema of the answer, even for errors.
fn refused(failure: &Failure) -> CallToolResult {
    let mut document = failure.document();
    document.error.hint = for_tools(&document.error.code, document.error.hint.as_deref());
    let text = serde_json::to_string(&document).unwrap_or_else(|_| failure.to_string());
    CallToolResult::error(vec![ContentBlock::text(escape_json(&text).into_owned())])
}
