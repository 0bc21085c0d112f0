//! `docs/reference/http-api.md`, made from the description of the API.
//!
//! `UPDATE_DOCS=1 cargo test -p forebay-server --test server reference` regenerates it.

use std::{env, fmt::Write as _, fs, path::Path};

use serde_json::Value;

use crate::stage::Stage;

const HEAD: &str = "\
# HTTP API

This page is a reference, generated from the OpenAPI document that `forebay serve` has at `/v1/openapi.json`. The
[guide](../guides/http-api.md) explains errors, pages and the stream of changes.
";

#[tokio::test]
async fn the_page_lists_every_endpoint() {
    let document = Stage::empty().await.json("/v1/openapi.json").await;
    let page = page(&document);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/http-api.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let found = fs::read_to_string(file).unwrap_or_default();
    assert!(found == page, "run UPDATE_DOCS=1 cargo test -p forebay-server --test server reference");
}

fn page(document: &Value) -> String {
    let mut page = HEAD.to_owned();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let _ = writeln!(page, "\n## `{} {path}`\n", method.to_uppercase());
            let needs = operation["x-needs"].as_str().unwrap_or("nothing");
            let _ = writeln!(page, "{}. Needs: `{needs}`.", operation["summary"].as_str().unwrap());
            let (media_type, response) =
                operation["responses"]["200"]["content"].as_object().unwrap().iter().next().unwrap();
            let schema = response["schema"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            let _ = writeln!(page, "Answers with `{schema}` (`{media_type}`).");
            arguments(&mut page, operation);
        }
    }
    page
}

fn arguments(page: &mut String, operation: &Value) {
    let parameters = operation["parameters"].as_array().unwrap();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
    if parameters.is_empty() && body.is_null() {
        return;
    }
    page.push_str("\n| argument | in | |\n|---|---|---|\n");
    for parameter in parameters {
        let (name, place) = (parameter["name"].as_str().unwrap(), parameter["in"].as_str().unwrap());
        let required = if parameter["required"] == true && place == "query" { "Required. " } else { "" };
        let description = parameter["description"].as_str().unwrap().replace('\n', " ").replace('|', "\\|");
        let default = &parameter["schema"]["default"];
        let default = if default.is_number() { format!(" Default: {default}.") } else { String::new() };
        let _ = writeln!(page, "| `{name}` | {place} | {required}{description}{default} |");
    }
    for (name, schema) in body.as_object().into_iter().flatten() {
        let description = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
        let _ = writeln!(page, "| `{name}` | body | {description} |");
    }
}
