//! The description of the API, made from the endpoints (`OpenAPI` 3.1). Its schemas are those of the views.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, Method},
    response::Response,
    routing::get,
};
use forebay_domain::access::Permission;
use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::{Contract, SchemaSettings},
};
use serde_json::{Map, Value, json};

use crate::{app::App, endpoint::Endpoint, idempotency, layers::etag, problem::ProblemDetails, raw::Raw};

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
        let parameters: Vec<Value> = parameters::<E::Path>("path")
            .chain(parameters::<E::Query>("query"))
            .chain((!E::METHOD.is_safe()).then(idempotency_key))
            .collect();
        let output = self.outputs.subschema_for::<E::Output>();
        let mut operation = self.operation(E::NAME, E::SUMMARY, E::NEEDS, E::PATH, &parameters);
        for status in E::STATUSES {
            operation["responses"][status.as_str()] = response("application/json", &output);
        }
        let body = input::<E::Body>();
        if properties(&body).next().is_some() {
            operation["requestBody"] = json!({
                "required": body["required"].is_array(),
                "content": { "application/json": { "schema": body } },
            });
        }
        self.insert(E::PATH, &E::METHOD, operation);
    }

    /// Describes an endpoint that reads or writes a stream.
    pub(crate) fn add_raw<E: Raw>(&mut self) {
        let parameters: Vec<Value> = parameters::<E::Path>("path")
            .chain(parameters::<E::Query>("query"))
            .chain((!E::METHOD.is_safe()).then(idempotency_key))
            .collect();
        let output = self.outputs.subschema_for::<E::Output>();
        let mut operation = self.operation(E::NAME, E::SUMMARY, E::NEEDS, E::PATH, &parameters);
        operation["responses"]["200"] = response(E::RESPONSE, &output);
        let types = E::REQUEST.iter().map(|media_type| ((*media_type).to_owned(), json!({})));
        let types: Map<String, Value> = types.collect();
        if !types.is_empty() {
            operation["requestBody"] = json!({ "required": true, "content": types });
            operation["responses"]["202"] = response(E::RESPONSE, &output);
        }
        self.insert(E::PATH, &E::METHOD, operation);
    }

    /// What all operations have in common.
    fn operation(
        &mut self,
        name: &str,
        summary: &str,
        needs: Permission,
        path: &str,
        parameters: &[Value],
    ) -> Value {
        let problem = self.outputs.subschema_for::<ProblemDetails>();
        let tag = path.split('/').nth(2).unwrap_or_default();
        json!({
            "operationId": name,
            "summary": summary,
            "tags": [tag],
            "x-needs": needs.as_str(),
            "parameters": parameters,
            "responses": {
                "401": failure("The request presents no token, or one that is refused.", &problem),
                "403": failure("The token does not permit the request.", &problem),
                "default": failure("The request failed.", &problem),
            },
        })
    }

    fn insert(&mut self, path: &str, method: &Method, operation: Value) {
        let methods = self.paths.entry(path).or_insert_with(|| json!({}));
        methods[method.as_str().to_ascii_lowercase()] = operation;
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
                "securitySchemes": {
                    "token": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A token of `forebay tokens create`, or a JWT of the configured identity provider. \
                                        A server without tokens on loopback needs none.",
                    },
                },
            },
        })
    }
}

/// A successful response.
fn response(media_type: &str, schema: &Schema) -> Value {
    json!({ "description": "Done.", "content": { media_type: { "schema": schema } } })
}

/// A response that is a problem.
fn failure(description: &str, problem: &Schema) -> Value {
    json!({ "description": description, "content": { "application/problem+json": { "schema": problem } } })
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

/// The key of a request that changes something.
fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "A text of the client's own, such as a random UUID: a repeated request with the same key gets \
                        the response of the first one.",
        "schema": { "type": "string", "minLength": 1, "maxLength": idempotency::LONGEST_KEY, "pattern": "^[!-~]+$" },
    })
}

/// The members of an object as parameters.
fn parameters<T: JsonSchema>(place: &'static str) -> impl Iterator<Item = Value> {
    let schema = input::<T>();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let parameter = move |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        never_null(&mut schema);
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

/// A parameter is absent or has a value: null can't be written in a URL.
fn never_null(schema: &mut Value) {
    if let Some(members) = schema.as_object_mut() {
        members.retain(|name, value| name != "default" || !value.is_null());
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|each| each != "null");
        if let [only] = &**types {
            schema["type"] = only.clone();
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.retain(|each| !each.is_null());
    }
    let others = |choices: &mut Value| {
        let choices = choices.as_array_mut()?;
        choices.retain(|each| each["type"] != "null");
        (choices.len() == 1).then(|| choices.remove(0))
    };
    if let Some(Value::Object(only)) = schema.get_mut("anyOf").and_then(others)
        && let Some(schema) = schema.as_object_mut()
    {
        schema.remove("anyOf");
        schema.extend(only);
    }
}

/// Serves the document.
pub(crate) fn router(document: &Value) -> Router<App> {
    let text: Arc<[u8]> = serde_json::to_vec(document).unwrap_or_default().into();
    let serve = async |State(text): State<Arc<[u8]>>, headers: HeaderMap| -> Response {
        etag::tagged("application/json", &headers, text.to_vec())
    };
    Router::new().route(PATH, get(serve)).with_state(text)
}
