//! Which settings hand off again.

use forebay_domain::handoff::HandlerKind;
use serde_json::{Value, json};

use super::*;
use crate::work::kind::settings_of;

/// What a change of a setting does.
#[derive(Debug, PartialEq)]
enum Sends {
    Nothing,
    WhatFailed,
    Everything,
}
use Sends::{Everything, Nothing, WhatFailed};

fn effect(kind: HandlerKind, config: Value) -> Effect {
    effect_of(&PipelineSpec::new("p", kind.as_str(), config)).unwrap()
}

fn base(kind: HandlerKind) -> Value {
    match kind {
        HandlerKind::Table => json!({"table": "public.t", "columns": {"n": "n"}}),
        HandlerKind::Webhook => json!({"url": "https://example.org/a"}),
        HandlerKind::Exec => json!({"command": ["cat"]}),
        HandlerKind::Documents | HandlerKind::External => json!({}),
    }
}

fn compare(before: &Effect, after: &Effect) -> Sends {
    if before.shape != after.shape {
        Everything
    } else if before.receiver != after.receiver {
        WhatFailed
    } else {
        Nothing
    }
}

#[test]
fn only_settings_that_change_what_is_sent_hand_off_again() {
    let embeddings = json!({"url": "http://127.0.0.1/e", "model": "m", "dimensions": 3});
    let cases = [
        (HandlerKind::Documents, "title", json!("t"), Everything),
        (HandlerKind::Documents, "fields", json!(["a"]), Everything),
        (HandlerKind::Documents, "fields", json!([]), Everything),
        (HandlerKind::Documents, "language", json!("english"), Everything),
        (HandlerKind::Documents, "language_field", json!("lang"), Everything),
        (HandlerKind::Documents, "chunk", json!({"target": 500}), Everything),
        (HandlerKind::Documents, "embeddings", embeddings, Nothing),
        (HandlerKind::Table, "table", json!("public.u"), Everything),
        (HandlerKind::Table, "columns", json!({"n": "m"}), Everything),
        (HandlerKind::Table, "columns", json!({"n": {"field": "n", "type": "int"}}), Nothing),
        (HandlerKind::Table, "removed", json!("mark"), Everything),
        (HandlerKind::Table, "publish", json!(true), Nothing),
        (HandlerKind::Webhook, "url", json!("https://example.org/b"), WhatFailed),
        (HandlerKind::Webhook, "secret", json!("env:S"), Nothing),
        (HandlerKind::Webhook, "disable", json!({"after": "1d"}), Nothing),
        (HandlerKind::Webhook, "timeout", json!("1s"), Nothing),
        (HandlerKind::Webhook, "concurrency", json!(1), Nothing),
        (HandlerKind::Webhook, "headers", json!({"authorization": "env:A"}), Nothing),
        (HandlerKind::Webhook, "headers", json!({"x-tenant": "a"}), Everything),
        (HandlerKind::Webhook, "payload", json!(false), Everything),
        (HandlerKind::Webhook, "allow_http", json!(true), Nothing),
        (HandlerKind::Webhook, "log_deliveries", json!("off"), Nothing),
        (HandlerKind::Exec, "command", json!(["cat", "-u"]), WhatFailed),
        (HandlerKind::Exec, "timeout", json!("1s"), Nothing),
        (HandlerKind::Exec, "batch", json!(1), Nothing),
        (HandlerKind::Exec, "concurrency", json!(2), Nothing),
        (HandlerKind::Exec, "env", json!(["TOKEN"]), Nothing),
        (HandlerKind::Exec, "directory", json!("/srv"), WhatFailed),
    ];
    for (kind, name, value, expected) in &cases {
        let mut changed = base(*kind);
        changed[*name] = value.clone();
        let sends = compare(&effect(*kind, base(*kind)), &effect(*kind, changed));
        assert_eq!(sends, *expected, "{kind}: {name} = {value}");
    }
    // A new setting has to be decided here.
    for kind in HandlerKind::ALL {
        let missing = settings_of(kind)
            .iter()
            .find(|setting| !cases.iter().any(|(of, name, ..)| *of == kind && name == *setting));
        assert_eq!(missing, None, "{kind}");
    }
}

#[test]
fn writing_a_default_down_changes_nothing() {
    let defaults = [
        (HandlerKind::Documents, json!({"language": "simple", "chunk": {"target": 1200, "max": 2000}})),
        (HandlerKind::Table, json!({"removed": "delete"})),
        (HandlerKind::Webhook, json!({"payload": true, "headers": {}})),
    ];
    for (kind, given) in defaults {
        let mut written = base(kind);
        written.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        assert_eq!(effect(kind, base(kind)), effect(kind, written), "{kind}");
    }
    // The built-in pipeline of a new database has this effect.
    assert_eq!(effect(HandlerKind::Documents, json!({})), Effect::default());
}

#[test]
fn the_stored_effect_contains_neither_receiver_nor_headers() {
    let config = json!({"url": "https://example.org/?token=hidden", "headers": {"x-key": "hidden"}});
    let effect = effect(HandlerKind::Webhook, config);
    assert!(!format!("{effect:?}").contains("hidden"));
}
