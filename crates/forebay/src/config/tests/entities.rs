//! `[entities.NAME]`.

use forebay_domain::entity::OnWrongType;

use super::{error, parse};

#[test]
fn fields_are_declared_in_either_form_over_a_preset() {
    let text = "[entities.event]\npreset = \"event\"\nttl = \"2h\"\non_wrong_type = \"reject\"\nview = \"events\"\n\
        [entities.event.fields]\nprice = \"integer\"\n\
        starts_at = { type = \"timestamp\", path = \"/when/start\", required = true, filter = true }\n\
        [entities.plain]\nttl = \"1h\"";
    let config = parse(text);
    let declared = config.typed_entities();
    assert_eq!(declared.keys().collect::<Vec<_>>(), ["event"], "`plain` has no fields");
    let event = &declared["event"];
    assert_eq!((event.view.as_str(), event.on_wrong_type), ("events", OnWrongType::Reject));
    assert_eq!(event.fields["price"].field_type.to_string(), "integer");
    let start = &event.fields["starts_at"];
    assert!(start.required && start.filter && start.path.as_str() == "/when/start");
    assert_eq!(event.fields["venue"].references, None, "no venue is declared");
    let with_venue = parse("[entities.event]\npreset = \"event\"\n[entities.venue]\npreset = \"venue\"");
    let venue = &with_venue.typed_entities()["event"].fields["venue"];
    assert_eq!(venue.references.as_deref(), Some("venue"));
    assert_eq!(config.freshness("event").ttl.as_hours(), 2);
}

#[test]
fn mistakes_have_a_code_a_place_and_what_to_do() {
    let fields = "[entities.event.fields]\n";
    for (text, expected, meant) in [
        (
            format!("{fields}a = \"txt\""),
            "error[entity_type_unknown]: forebay.toml:2:1: unknown type \"txt\"; expected one of text, integer",
            Some("text"),
        ),
        (
            format!("{fields}a = {{ type = \"intger[]\" }}"),
            "error[entity_type_unknown]: forebay.toml:2:7: unknown type \"intger[]\"",
            Some("integer"),
        ),
        (
            format!(
                "{fields}a = {{ type = \"text\", references = \"venu\" }}\n[entities.venue]\npreset = \"venue\""
            ),
            "error[entity_reference_unknown]: forebay.toml:2:1: venu is not an entity type with fields; declare",
            Some("venue"),
        ),
        (
            format!("{fields}version = \"text\""),
            "error[entity_column_taken]: forebay.toml:2:1: every view has a column version already; name the field \
             differently",
            None,
        ),
        (
            format!("{fields}a = {{ type = \"json\", filter = true }}"),
            "error[entity_filter_type]: forebay.toml:2:1:",
            None,
        ),
        (
            format!("{fields}a = \"text\"\n[entities.b]\npreset = \"venue\"\nview = \"event\""),
            "error[entity_view_taken]: forebay.toml:1:11: the view event",
            None,
        ),
        (
            format!("{fields}\"{}\" = \"text\"", "x".repeat(64)),
            "error[name_refused]: forebay.toml:2:1:",
            None,
        ),
        (
            "[entities.event]\non_wrong_type = \"reject\"".into(),
            "error[entity_without_fields]: forebay.toml:2:1: on_wrong_type needs `fields` or a `preset`",
            None,
        ),
        (
            "[entities.event]\npreset = \"evnt\"".into(),
            "forebay.toml:2:10: unknown variant `evnt`",
            Some("event"),
        ),
        (format!("{fields}a = {{ typ = \"text\" }}"), "forebay.toml:2:7: unknown field `typ`", Some("type")),
        (
            format!("{fields}a = 3"),
            "forebay.toml:2:5: invalid type: integer `3`, expected a type, or a table",
            None,
        ),
        ("[entities.event]\ntttl = \"1h\"".into(), "forebay.toml:2:1: unknown field `tttl`", Some("ttl")),
    ] {
        let error = error(&text);
        assert!(error.contains(expected), "{error}");
        let hint = meant.map(|name| format!("did you mean `{name}`?"));
        assert_eq!(hint.as_ref().is_some_and(|hint| error.contains(hint)), hint.is_some(), "{error}");
    }
}
