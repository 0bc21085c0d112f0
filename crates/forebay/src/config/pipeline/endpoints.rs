//! `[[pipelines.NAME.endpoints]]`: several endpoints of one webhook.
//!
//! Each endpoint is a pipeline of its own, `NAME.ENDPOINT`, so retries, limits, pauses and failures of one don't affect
//! the others.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Pipeline;
use crate::config::error::Problem;

/// The keys of an endpoint.
const KNOWN: [&str; 4] = ["name", "url", "secret", "headers"];
/// The longest name of a pipeline.
const LONGEST_NAME: usize = 63;

/// Checks the names and keys of the endpoints; the engine checks their values.
pub(super) fn check(pipeline: &Pipeline, name: &str) -> Result<(), Problem> {
    if pipeline.endpoints.is_empty() {
        return Ok(());
    }
    let at = |keys: &[&str], message: String| {
        Err(Problem::at(["pipelines", name, "endpoints"].into_iter().chain(keys.iter().copied()), message))
    };
    if pipeline.handler != "webhook" {
        return at(&[], format!("the handler `{}` has no `endpoints`", pipeline.handler));
    }
    if pipeline.settings.contains_key("url") {
        return at(&[], "a pipeline has either `url` or `endpoints`".to_owned());
    }
    let mut names = BTreeSet::new();
    for (place, endpoint) in pipeline.endpoints.iter().enumerate() {
        let place = place.to_string();
        if let Some(key) = endpoint.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            let problem = at(&[&place, key], format!("an endpoint has no setting `{key}`"));
            return problem.map_err(|problem| problem.meant(key, KNOWN.into_iter()));
        }
        let Some(own) = endpoint.get("name").and_then(Value::as_str) else {
            return at(&[&place], "an endpoint needs `name`, a text".to_owned());
        };
        let is_word =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if own.is_empty() || !is_word(own) || name.len() + 1 + own.len() > LONGEST_NAME {
            let problem = "the name of an endpoint has letters, digits, `_` and `-`; with the name of the pipeline, it has \
                           at most 62 of them";
            return at(&[&place, "name"], problem.to_owned());
        }
        if !names.insert(own) {
            return at(&[&place, "name"], format!("there are two endpoints `{own}`"));
        }
    }
    Ok(())
}

/// The name and the settings of an endpoint's pipeline: those of the pipeline under those of the endpoint.
pub(super) fn expand(
    pipeline: &str,
    settings: &Map<String, Value>,
    endpoint: &Map<String, Value>,
) -> (String, Map<String, Value>) {
    let mut own = endpoint.clone();
    let name = own.remove("name").as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    if let (Some(Value::Object(common)), Some(Value::Object(headers))) =
        (settings.get("headers"), own.get_mut("headers"))
    {
        let mut merged = common.clone();
        merged.append(headers);
        *headers = merged;
    }
    let mut settings = settings.clone();
    settings.append(&mut own);
    (format!("{pipeline}.{name}"), settings)
}
