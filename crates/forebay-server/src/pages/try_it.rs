//! `GET /v1/`: the operations of the API from its description, with a form to try each.
//!
//! Sending needs JavaScript (`assets/forebay.js`); reading what there is does not.

use std::sync::Arc;

use axum::{Router, routing::get};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{
    asked::Asked,
    frame::{Content, Section},
    parts,
};
use crate::app::App;

/// Serves the page of this description.
pub(crate) fn router(document: &Value) -> Router<App> {
    let operations: Arc<[Operation]> = operations(document).into();
    let show = move |asked: Asked| {
        let operations = Arc::clone(&operations);
        async move { asked.answer(Section::Api, Ok(Content::new("Try the API", page(&operations)))) }
    };
    Router::new().route("/v1", get(show.clone())).route("/v1/", get(show))
}

/// An operation, as the page shows it.
struct Operation {
    name: String,
    method: String,
    path: String,
    summary: String,
    needs: String,
    arguments: Vec<Argument>,
    /// An example of its JSON body; `None`: it has none.
    body: Option<String>,
    /// Whether its body is records.
    takes_records: bool,
}

/// A parameter.
struct Argument {
    name: String,
    place: String,
    description: String,
    is_required: bool,
    /// Its only values; empty: any.
    words: Vec<String>,
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods = methods.as_object().cloned().unwrap_or_default();
        methods.into_iter().map(|(method, described)| Operation::new(path, &method, &described)).collect()
    };
    paths.flat_map::<Vec<Operation>, _>(of_path).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Operation {
    fn new(path: &str, method: &str, described: &Value) -> Self {
        let arguments = described["parameters"].as_array().into_iter().flatten().map(|parameter| Argument {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            description: text(&parameter["description"]),
            is_required: parameter["required"] == true,
            words: parameter["schema"]["enum"].as_array().into_iter().flatten().map(text).collect(),
        });
        let content = &described["requestBody"]["content"];
        let json = &content["application/json"]["schema"]["properties"];
        Self {
            name: text(&described["operationId"]),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&described["summary"]),
            needs: text(&described["x-needs"]),
            arguments: arguments.collect(),
            body: json.as_object().map(example),
            takes_records: content.is_object() && !json.is_object(),
        }
    }
}

/// An object with all members of a body, to be changed.
fn example(members: &Map<String, Value>) -> String {
    let members: Map<String, Value> =
        members.iter().map(|(name, schema)| (name.clone(), value(schema))).collect();
    serde_json::to_string_pretty(&members).unwrap_or_default()
}

fn value(schema: &Value) -> Value {
    if !schema["default"].is_null() {
        return schema["default"].clone();
    }
    match &schema["type"] {
        Value::String(kind) if kind == "string" => Value::String(String::new()),
        Value::String(kind) if kind == "object" => Value::Object(Map::new()),
        Value::String(kind) if kind == "boolean" => Value::Bool(false),
        Value::String(kind) if kind == "array" => Value::Array(Vec::new()),
        _ => Value::Null,
    }
}

fn page(operations: &[Operation]) -> Markup {
    html! {
        p {
            "Each request is sent by your browser as you, and does what it says. "
            a href="/v1/openapi.json" { "The description" }
            " is for generated clients."
        }
        noscript { p .notice { "Sending a request from this page needs JavaScript." } }
        @for operation in operations { (one(operation)) }
    }
}

fn one(operation: &Operation) -> Markup {
    let id = |argument: &str| format!("{}-{argument}", operation.name);
    html! {
        details .change {
            summary { code { (operation.method) " " (operation.path) } " " span .soft { (operation.summary) } }
            p .soft { "Needs the permission " code { (operation.needs) } "." }
            form .choice data-try=(operation.method) action=(operation.path) {
                @for argument in &operation.arguments {
                    label .wide for=(id(&argument.name)) {
                        span { code { (argument.name) } " " (parts::plain(&argument.description)) }
                        @if argument.words.is_empty() {
                            input id=(id(&argument.name)) name=(argument.name) data-in=(argument.place)
                                required[argument.is_required];
                        } @else {
                            select id=(id(&argument.name)) name=(argument.name) data-in=(argument.place) {
                                option value="" { "any" }
                                @for word in &argument.words { option { (word) } }
                            }
                        }
                    }
                }
                @if let Some(body) = &operation.body {
                    label .wide for=(id("body")) {
                        "JSON body"
                        textarea id=(id("body")) data-in="body" data-type="application/json" rows="8" { (body) }
                    }
                }
                @if operation.takes_records {
                    label .wide for=(id("body")) {
                        "Records, one JSON object a line"
                        textarea id=(id("body")) data-in="body" data-type="application/x-ndjson" rows="4" {}
                    }
                }
                button .main type="submit" { "Send" }
            }
            pre hidden role="status" tabindex="0" aria-label={ "Response of " (operation.name) } {}
        }
    }
}
