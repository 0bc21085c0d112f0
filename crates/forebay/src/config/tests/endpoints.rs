//! Several endpoints of one webhook.

use serde_json::json;

use super::{error, parse};

const TWO: &str = "[pipelines.hook]\nsource = \"courses\"\nhandler = \"webhook\"\ntimeout = \"5s\"\n\
                   secret = \"env:ALL\"\nheaders = { x-a = \"1\", x-b = \"1\" }\n\
                   [[pipelines.hook.endpoints]]\nname = \"index\"\nurl = \"https://a.example/\"\n\
                   [[pipelines.hook.endpoints]]\nname = \"audit\"\nurl = \"https://b.example/\"\n\
                   secret = [\"env:NEW\", \"env:OLD\"]\nheaders = { x-b = \"2\" }\n";

#[test]
fn each_endpoint_is_a_pipeline() {
    let specs = parse(TWO).pipeline_specs();
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["hook.index", "hook.audit"]);
    assert!(specs.iter().all(|spec| spec.source_name.as_deref() == Some("courses")));
    assert_eq!(
        specs[0].config,
        json!({"url": "https://a.example/", "timeout": "5s", "secret": "env:ALL", "headers": {"x-a": "1", "x-b": "1"}})
    );
    assert_eq!(
        specs[1].config,
        json!({"url": "https://b.example/", "timeout": "5s", "secret": ["env:NEW", "env:OLD"],
            "headers": {"x-a": "1", "x-b": "2"}})
    );
}

#[test]
fn mistakes_are_reported_where_they_stand() {
    let changed = |from: &str, to: &str| {
        assert!(TWO.contains(from));
        error(&TWO.replace(from, to))
    };
    for (from, to, place, message) in [
        ("https://b.example/", "ftp://b.example/", "forebay.toml:12:1", "must begin with https://"),
        ("\"env:OLD\"", "\"env:DATABASE_URL\"", "forebay.toml:13:1", "is never sent"),
        ("\"env:ALL\"", "\"s3cret\"", "forebay.toml:5:1", "must name environment variables"),
        ("timeout = \"5s\"", "timeout = \"5\"", "forebay.toml:4:1", "`timeout`"),
        (
            "timeout = \"5s\"",
            "url = \"https://c.example/\"",
            "forebay.toml:7:18",
            "either `url` or `endpoints`",
        ),
        ("name = \"audit\"", "name = \"index\"", "forebay.toml:11:1", "two endpoints `index`"),
        ("name = \"audit\"", "name = \"a b\"", "forebay.toml:11:1", "letters, digits"),
        ("name = \"audit\"", "nane = \"audit\"", "forebay.toml:11:1", "no setting `nane`"),
        ("\"webhook\"", "\"exec\"", "forebay.toml:7:18", "has no `endpoints`"),
    ] {
        let error = changed(from, to);
        assert!(error.contains(place) && error.contains(message), "{from} -> {to}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    let twice = format!("{TWO}[pipelines.\"hook.audit\"]\nsource = \"*\"\nhandler = \"external\"\n");
    assert!(error(&twice).contains("has the name hook.audit too"), "{}", error(&twice));
}
