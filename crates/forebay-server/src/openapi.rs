//! The description of the API, made from the endpoints (`OpenAPI` 3.1). Its schemas are those of the views.

use std::sync::Arc;

use axum::{Router, extract::State, http::HeaderMap, response::Response, routing::get};
use schemars::{
    JsonSchema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    endpoint::{Endpoint, Needs},
    layers::etag,
    problem::ProblemDetails,
};

/// Where the document is served.
pub(crate) const PATH: &str = "/v1/openapi.json";

/// A document under construction.
pub(crate) struct Document {
    outputs: SchemaGenerator,
    paths: Map<String, Value>,
}

impl Document {
    pub(crate) fn new() -> Self {
        Self { outputs: generator(Contract::Serialize, false), paths: Map::new() }
    }

    /// Describes an endpoint.
    pub(crate) fn add<E: Endpoint>(&mut self) {
        let all: Vec<Value> = parameters::<E::Path>("path").chain(parameters::<E::Query>("query")).collect();
        let output = self.outputs.subschema_for::<E::Output>();
        let problem = self.outputs.subschema_for::<ProblemDetails>();
        let tag = E::PATH.split('/').nth(2).unwrap_or_default();
        let mut operation = json!({
            "operationId": E::NAME,
            "summary": E::SUMMARY,
            "tags": [tag],
            "parameters": all,
            "responses": {
                "200": { "description": "Done.", "content": { "application/json": { "schema": output } } },
                "default": {
                    "description": "The request failed.",
                    "content": { "application/problem+json": { "schema": problem } },
                },
            },
        });
        let body = input::<E::Body>();
        if properties(&body).next().is_some() {
            operation["requestBody"] = json!({ "content": { "application/json": { "schema": body } } });
        }
        if E::NEEDS == Needs::Nothing {
            operation["security"] = json!([]);
        } else {
            operation["x-needs"] = json!(E::NEEDS);
        }
        let path = self.paths.entry(E::PATH).or_insert_with(|| json!({}));
        path[E::METHOD.as_str().to_ascii_lowercase()] = operation;
    }

    /// The whole document.
    pub(crate) fn finish(mut self) -> Value {
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Forebay",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "Stable, versioned references for scraped and generated records.",
                "license": { "name": "MIT OR Apache-2.0" },
            },
            "servers": [{ "url": "/" }],
            "security": [{ "token": [] }],
            "paths": self.paths,
            "components": {
                "schemas": self.outputs.take_definitions(true),
                "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            },
        })
    }
}

fn generator(contract: Contract, inline: bool) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.contract = contract;
        settings.inline_subschemas = inline;
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

/// The schema of an argument.
fn input<T: JsonSchema>() -> Value {
    generator(Contract::Deserialize, true).into_root_schema_for::<T>().to_value()
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

/// The members of an object as parameters.
fn parameters<T: JsonSchema>(place: &'static str) -> impl Iterator<Item = Value> {
    let schema = input::<T>();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let parameter = move |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        json!({
            "name": name,
            "in": place,
            "required": place == "path" || required.iter().any(|each| each == name),
            "description": description.unwrap_or_default(),
            "schema": schema,
        })
    };
    let all: Vec<Value> = properties(&schema).map(parameter).collect();
    all.into_iter()
}

/// Serves the document.
pub(crate) fn router(document: &Value) -> Router<App> {
    let text: Arc<[u8]> = serde_json::to_vec(document).unwrap_or_default().into();
    let serve = async |State(text): State<Arc<[u8]>>, headers: HeaderMap| -> Response {
        etag::tagged("application/json", &headers, text.to_vec())
    };
    Router::new().route(PATH, get(serve)).with_state(text)
}
