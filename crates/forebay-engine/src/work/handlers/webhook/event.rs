//! What is sent: an event of `CloudEvents` 1.0.2, in the structured mode of its JSON format.
//!
//! `id` and `source` together name the event and stay the same however often it is sent, so a receiver tells repeated
//! deliveries by them. Attribute names of our own are lower-case letters only, as the specification wants them.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::work::event::{Event, object_with};

/// The media type of the body.
pub(super) const MEDIA_TYPE: &str = "application/cloudevents+json; charset=utf-8";

/// The body of the request. Without `with_payload` a receiver fetches what is stored by the reference.
pub(super) fn body(event: &Event, with_payload: bool) -> String {
    let data = data(event);
    let data = if with_payload {
        object_with(data, "payload", event.payload.as_deref().unwrap_or("null"))
    } else {
        Value::Object(data).to_string()
    };
    object_with(attributes(event), "data", &data)
}

fn attributes(event: &Event) -> Map<String, Value> {
    let mut attributes = Map::new();
    let mut set = |name: &str, value: Value| attributes.insert(name.to_owned(), value);
    set("specversion", json!("1.0"));
    set("id", json!(event.id()));
    set("source", json!(format!("/forebay/sources/{}", percent_encoded(&event.source))));
    set("type", json!(format!("forebay.reference.{}", event.change)));
    set("time", json!(event.changed_at.to_string()));
    set("datacontenttype", json!("application/json"));
    // Attributes are never empty and hold no control characters; `data` has such a key all the same.
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

/// A path segment of a URI: what is not unreserved (RFC 3986, section 2.3) is encoded.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text never fails.
            let _never_fails = write!(out, "%{byte:02X}");
        }
    }
    out
}
