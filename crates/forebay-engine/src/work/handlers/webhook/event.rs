//! The request body: an event of `CloudEvents` 1.0.2, in the structured mode of its JSON format.
//!
//! `id` and `source` identify the event and are the same for every delivery, so receivers can detect duplicates. Names
//! of extension attributes are lower-case letters only, as the specification requires.

use forebay_domain::percent;
use serde_json::{Map, Value, json};

use crate::work::event::{Event, object_with};

/// The media type of the body.
pub(super) const MEDIA_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// The body of the request. Without `with_payload`, a receiver reads the stored data by its reference.
pub(super) fn body(event: &Event, id: &str, with_payload: bool) -> String {
    let data = data(event);
    let data = if with_payload {
        object_with(data, "payload", event.payload.as_deref().unwrap_or("null"))
    } else {
        Value::Object(data).to_string()
    };
    object_with(attributes(event, id), "data", &data)
}

fn attributes(event: &Event, id: &str) -> Map<String, Value> {
    let mut attributes = Map::new();
    let mut set = |name: &str, value: Value| attributes.insert(name.to_owned(), value);
    set("specversion", json!("1.0"));
    set("id", json!(id));
    set("source", json!(format!("/forebay/sources/{}", percent::encode(&event.source))));
    set("type", json!(format!("forebay.reference.{}", event.change)));
    set("time", json!(event.changed_at.to_string()));
    set("datacontenttype", json!("application/json"));
    // Attributes must not be empty or contain control characters. Such a key is still in `data`.
    for (name, text) in [("subject", &event.record_key), ("entitytype", &event.entity_type)] {
        if !text.is_empty() && !text.contains(char::is_control) {
            set(name, json!(text));
        }
    }
    set("version", json!(event.version));
    set("generation", json!(event.generation));
    set("attempt", json!(event.attempt));
    attributes
}

fn data(event: &Event) -> Map<String, Value> {
    let data = json!({
        "reference_id": event.reference_id.to_string(),
        "source": event.source,
        "entity_type": event.entity_type,
        "record_key": event.record_key,
        "change": event.change.as_str(),
        "version": event.version,
        "payload_hash": event.payload_hash.to_string(),
    });
    match data {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
